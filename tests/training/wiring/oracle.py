"""Ask the model itself which neurons a layer reads: change one neuron, see which inputs change.

Norms mix all neurons by their statistics, so models are tested with norms that do nothing.
"""

import torch
from torch import nn

NORMS = (
    nn.LayerNorm, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.GroupNorm, nn.InstanceNorm2d,
)  # fmt: skip


class Same(nn.Module):
    def __init__(self, of):
        super().__init__()
        self.weight, self.bias = getattr(of, "weight", None), getattr(of, "bias", None)
        self.eps = getattr(of, "eps", None)

    def forward(self, x, *rest):
        return x


def without_norms(model):
    for module in model.modules():
        if nn.utils.parametrize.is_parametrized(module):
            nn.utils.parametrize.remove_parametrizations(module, "weight")
    for name, module in list(model.named_modules()):
        if isinstance(module, NORMS) or type(module).__name__.endswith(("RMSNorm", "LayerNorm")):
            if not name:
                continue
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, Same(module))
    return model


def check(model, found, run, neurons=3, seed=0):
    """Compare a wiring with what changes; returns how many pairs of populations were seen.

    For every population and every neuron tried: its incoming weights are changed, and of the
    inputs of each layer only those may change that the wiring gives to the neuron, or to
    populations that the wiring says it feeds.
    """
    model.eval()
    views = found.views(model)
    reads = _reads(found, views)
    following = _following(found)
    mixers = {p.name for p in found.populations if p.role == "hidden" and p.name not in following}
    before = _inputs(model, reads, run)
    generator = torch.Generator().manual_seed(seed)
    seen = 0
    for population in found.populations:
        feeding = [name for name in found.feeding(population.name) if name in views]
        if not feeding or population.role == "input":
            continue
        if population.name in mixers:
            continue  # q·k and gates: they act on everything
        downstream = _downstream(following, population.name)
        aligned = _aligned(found, following, population.name) if not downstream & mixers else set()
        if downstream & mixers:
            downstream = {p.name for p in found.populations} - {population.name}
        chosen = torch.randperm(population.size, generator=generator)[:neurons].tolist()
        hits = {}
        for neuron in chosen:
            after = _changed(model, views[feeding[0]], neuron, generator,
                             lambda: _inputs(model, reads, run))  # fmt: skip
            for base, parts in reads.items():
                if base not in before or base not in after:
                    continue
                own, allowed = _allowed(
                    parts, population.name, neuron, downstream, aligned, before[base]
                )
                moved = _moved(before[base], after[base])
                wrong = moved & ~allowed
                assert not bool(wrong.any()), (
                    f"{base} reads {population.name}[{neuron}] at {wrong.nonzero()[:, 0].tolist()},"
                    f" where the wiring has none; parts {parts}"
                )
                if bool(own.any()):
                    hits.setdefault(base, []).append(bool((moved & own).any()))
        for base, each in hits.items():
            assert any(each), f"{base} does not read {population.name}, as the wiring says"
        seen += len(hits)
    return seen


def _reads(found, views):
    """Base layer -> [(source population, first position along its input, grid)]."""
    reads = {}
    for name, (source, _) in found.layers.items():
        part, view = found.parts.get(name), views[name]
        base = part.layer if part else name
        grid = found.grids.get(name, 1)
        start = part.sources[0] if part else 0
        kernel = view.source_patch // grid
        if (part and view.groups > 1) or (part and view.columns is None and view.target_first):
            start = _group_start(found, views, name, base)
        reads.setdefault(base, []).append((source, start // kernel, grid))
    return reads


def _group_start(found, views, name, base):
    # Parts of a grouped layer, and parts that all read everything, begin by their rows.
    view = views[name]
    if view.groups == 1 and found.parts[name].sources[0] == 0:
        return 0
    rows = min(v.rows[0] for n, v in views.items()
               if (p := found.parts.get(n)) and p.layer == base)  # fmt: skip
    n_out = view.neurons[1] // view.groups
    n_in = view.neurons[0] // view.groups
    return (view.rows[0] - rows) // n_out * n_in * view.source_patch


def _inputs(model, reads, run):
    held, handles = {}, []
    for base in reads:
        try:
            module = model.get_submodule(base)
        except AttributeError:
            continue

        def keep(_, args, base=base, module=module):
            if args and torch.is_tensor(args[0]) and args[0].is_floating_point():
                axis = 1 if isinstance(module, nn.modules.conv._ConvNd) else -1
                held.setdefault(base, []).append(args[0].detach().movedim(axis, 0).clone())

        handles.append(module.register_forward_pre_hook(keep))
    with torch.no_grad():
        run(model)
    for handle in handles:
        handle.remove()
    return held


def _changed(model, view, neuron, generator, run):
    parameter = model.get_parameter(view.parameter)
    kept = parameter.detach().clone()
    bias = getattr(model.get_submodule(view.parameter.rpartition(".")[0]), "bias", None)
    bias = bias if torch.is_tensor(bias) and bias.numel() == kept.shape[0] else None
    place = view.rows[0] + neuron
    bias = bias if bias is not None and view.target_first and place < bias.numel() else None
    keys = torch.arange(view.n_possible)
    mine = (view.endpoints(keys)[1] == neuron).reshape(view.n_source, view.n_target)
    with torch.no_grad():
        noise = torch.randn(view.n_source, view.n_target, generator=generator)
        matrix = view.matrix(parameter.data)
        matrix += mine * noise
        if bias is not None:
            bias[place] += 1
    try:
        return run()
    finally:
        with torch.no_grad():
            parameter.copy_(kept)
            if bias is not None:
                bias[place] -= 1


def _moved(before, after):
    changed = torch.zeros(before[0].shape[0], dtype=torch.bool)
    for a, b in zip(before, after):
        changed |= (a - b).abs().flatten(1).amax(1) > 1e-6 * (1 + a.abs().max())
    return changed


def _allowed(parts, population, neuron, downstream, aligned, inputs):
    n = inputs[0].shape[0]
    own = torch.zeros(n, dtype=torch.bool)
    allowed = torch.zeros(n, dtype=torch.bool)
    starts = sorted({start for _, start, _ in parts}) + [n]
    for source, start, grid in parts:
        if source == population or source in aligned:
            own[start + neuron * grid : start + (neuron + 1) * grid] = True
        elif source in downstream:
            allowed[start : starts[starts.index(start) + 1]] = True
    return own, own | allowed


def _following(found, layers=True):
    following = {}
    for a, b in (*(found.layers.values() if layers else ()), *found.skips):
        following.setdefault(a, set()).add(b)
    return following


def _aligned(found, following, start):
    """Return the populations that a neuron reaches by skips alone, so at its own place."""
    by_skips = _downstream(_following(found, layers=False), start)
    otherwise = set()
    for source in {start, *by_skips}:
        for a, b in found.layers.values():
            if a == source:
                otherwise |= {b} | _downstream(following, b)
    return by_skips - otherwise


def _downstream(following, start):
    seen, waiting = set(), [start]
    while waiting:
        for after in following.get(waiting.pop(), ()):
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    return seen
