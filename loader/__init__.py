"""An open warehouse for Segment-style event archives."""

__version__ = "0.1.0"
