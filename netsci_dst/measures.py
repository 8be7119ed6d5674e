"""All that a measure or a null model from outside needs, in one place.

A measure is a function of a snapshot or of a run that yields `Value` and `Array`; `measure`
registers it, and it then shows up in ``netsci-dst list measures``, in `analyze`, in the report and
in the docs. `graph_scopes` yields the graphs that a measure of graphs takes, `neuron_scopes` the
neurons that a measure of neurons takes. A null model is a function of a topology and a generator.

Examples
--------
>>> from netsci_dst.measures import Value, graph_scopes, measure
>>> @measure("reciprocal_degree", tier="cheap", source="an example")
... def reciprocal_degree(snapshot):
...     "One over the mean degree."
...     for scope, topology in graph_scopes(snapshot.topology):
...         yield Value(scope, "reciprocal_degree", 1 / topology.degrees.mean())
"""

from __future__ import annotations

from .analysis.measure import Array, Measure, NotApplicable, Value, measure
from .analysis.nulls.models import null_model
from .analysis.scopes import (
    NeuronScope,
    graph_scopes,
    hidden_neurons,
    neuron_scopes,
    node_groups,
    population_scopes,
)
from .graphs import as_adjacency, as_igraph
from .run import Run
from .snapshots import Snapshot
from .topology import Layer, Population, Topology

__all__ = [
    "Array",
    "Layer",
    "Measure",
    "NeuronScope",
    "NotApplicable",
    "Population",
    "Run",
    "Snapshot",
    "Topology",
    "Value",
    "as_adjacency",
    "as_igraph",
    "graph_scopes",
    "hidden_neurons",
    "measure",
    "neuron_scopes",
    "node_groups",
    "null_model",
    "population_scopes",
]
