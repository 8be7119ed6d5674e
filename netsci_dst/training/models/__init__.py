"""Models, found by name through the registry (kind ``model``).

A registered model is a function ``build(input_shape, n_classes, *, generator=None, **options)``,
or one that takes what its task knows of the data instead (such as ``vocabulary``); it returns a
`torch.nn.Module` with a method ``wiring()`` that returns a `netsci_dst.training.wiring.Wiring`.
"""
