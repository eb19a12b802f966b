"""Speed and memory of models on synthetic rows, written by SQL."""
