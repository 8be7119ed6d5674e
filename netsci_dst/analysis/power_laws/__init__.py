"""Power laws: fit, test, rivals and a verdict, for degrees or any other values."""
