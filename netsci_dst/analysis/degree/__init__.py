"""What can be read from degrees: distributions, activity, dormancy, mixing, input maps."""
