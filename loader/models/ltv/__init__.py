"""Lifetime value: BG/NBD for how many orders come, Gamma-Gamma for what they are worth."""
