"""Checkpoints of other tools: named weights out of their files, and a topology out of these.

`read` tells the form of a file by its name; each form has a file here. `state_dict` picks the
layers out of named tensors; `chain` and `transformer` say which population feeds which.
"""
