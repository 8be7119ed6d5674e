"""The page of a network that no training made: what kind of network it is."""
