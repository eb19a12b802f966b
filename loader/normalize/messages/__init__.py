"""Lines of a batch to messages in its stage: read, described, counted, and one winner chosen for each id."""
