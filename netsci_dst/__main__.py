"""``python -m netsci_dst`` is the command line, as ``torchrun -m`` needs it."""

from .cli import main

main()
