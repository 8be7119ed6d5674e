"""The charts of a run, one file per subject, as objects that know nothing of how they are drawn."""
