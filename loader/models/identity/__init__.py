"""Who is who: from the identifiers on calls to profiles. The rules are in docs/models/identity.md.

observed → aliases → links (connected components and the forest of earliest links) → violators, replayed event by
event → history, set-based, of all others → tables.
"""
