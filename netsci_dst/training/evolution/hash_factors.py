"""The factors of the hash from which an update draws: in loops and in operations alike."""

FACTORS = (0x7FEB352D, 0x846CA68B, 0x9E3779B1)
