"""Lifetime value: BG/NBD predicts how many orders come, Gamma-Gamma how much they are worth."""
