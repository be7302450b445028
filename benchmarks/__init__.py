"""The figures: how long the main jobs take, as medians of whole processes and as ratios within one run."""
