"""Several runs side by side: which are seeds of one another, what they reached, what it cost."""
