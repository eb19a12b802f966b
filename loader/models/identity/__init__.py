"""Who is who: from the identifiers on calls to profiles. The rules are in docs/models/identity.md.

observed calls → aliases → replay of the calls in order of arrival (compiled) → tables; or, for new calls alone, changes
of the tables of the last run.
"""
