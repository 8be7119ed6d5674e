"""What a graph of layers says of each node, so that the layers can come back."""

MARKS = ("population", "role", "index", "degree")
CLASH = "attribute_"  # before a user's attribute that is called like a mark
