"""The loading rules once more, in slow plain Python that shares no code with the product: what the tests compare with."""

from .loading import Loaded, ObjectCounts, Row, StoredObject, load
from .messages import Options, Place

__all__ = ["Loaded", "ObjectCounts", "Options", "Place", "Row", "StoredObject", "load"]
