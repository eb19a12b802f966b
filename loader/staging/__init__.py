"""Staging: turns archive objects into checked blocks of lines, one bounded batch at a time."""

from loader.staging.records import OddLine, Part, StagingLimits
from loader.staging.stager import StagedBatch, Stager

__all__ = ["OddLine", "Part", "StagedBatch", "Stager", "StagingLimits"]
