"""Whatever optimizer steps and whoever writes to weights: what is absent stays exactly zero."""

import copy
import warnings

import pytest
import torch
from torch import nn

from netsci_dst.errors import FormatError, NetsciError, RecipeError
from netsci_dst.training import load_model, sparsify, to_dense


def mlp(seed=0, dtype=torch.float32):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Linear(12, 40), nn.ReLU(), nn.Linear(40, 30), nn.ReLU(), nn.Linear(30, 3)
    )
    return model.to(dtype)


def batches(n, seed=1, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n):
        x = torch.randn(16, 12, generator=generator).to(dtype)
        yield x, x[:, :3].argmax(1)


@pytest.fixture(autouse=True)
def _same_random_state():
    state = torch.get_rng_state()
    yield
    torch.set_rng_state(state)


def assert_masked(dst):
    listed = {layer.name: layer.n_links for layer in dst.topology().layers}
    for name, parameter in dst.controller.parameters.items():
        matrix = parameter.view.matrix(parameter.weight.detach())
        off = matrix.clone()
        off[parameter.keys // parameter.n_target, parameter.keys % parameter.n_target] = 0
        assert not off.any(), name
        if parameter.view.neurons == (parameter.n_source, parameter.n_target):
            assert listed[name] == parameter.n_links


class Sam(torch.optim.Optimizer):
    """Two steps around a base optimizer, as sharpness-aware minimisation does."""

    def __init__(self, parameters, base, rho=0.05, **kwargs):
        super().__init__(parameters, {"rho": rho, **kwargs})
        self.base_optimizer = base(self.param_groups, **kwargs)
        self.param_groups = self.base_optimizer.param_groups

    @torch.no_grad()
    def first_step(self):
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["old"] = p.clone()
                p.add_(p.grad * group.get("rho", 0.05))
        self.zero_grad()

    @torch.no_grad()
    def second_step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.copy_(self.state[p]["old"])
        self.base_optimizer.step()


def two_groups(model):
    matrices = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    return matrices, others


OPTIMIZERS = {
    "sgd": lambda m: torch.optim.SGD(m.parameters(), 0.1, momentum=0.9, weight_decay=1e-3),
    "adam": lambda m: torch.optim.Adam(m.parameters(), 1e-2),
    "adamw": lambda m: torch.optim.AdamW(m.parameters(), 1e-2, weight_decay=0.1, amsgrad=True),
    "adafactor": lambda m: torch.optim.Adafactor(m.parameters(), 1e-2),
    "rmsprop": lambda m: torch.optim.RMSprop(m.parameters(), 1e-3, momentum=0.5, centered=True),
    "groups": lambda m: torch.optim.SGD(
        [{"params": two_groups(m)[0], "weight_decay": 0.1}, {"params": two_groups(m)[1]}], 0.1
    ),
    "muon and adamw": lambda m: [
        torch.optim.Muon(two_groups(m)[0], 1e-2),
        torch.optim.AdamW(two_groups(m)[1], 1e-2),
    ],
    "lbfgs": lambda m: torch.optim.LBFGS(m.parameters(), 0.1, max_iter=3),
    "sam": lambda m: Sam(m.parameters(), torch.optim.SGD, lr=0.1, momentum=0.9),
}


@pytest.mark.parametrize("method", ["set", "rigl", "snfs", "mest"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_absent_entries_are_zero_after_every_step_of_any_optimizer(name, method):
    model = mlp()
    optimizers = OPTIMIZERS[name](model)
    dst = sparsify(model, optimizers, method, 0.8, update_every=3, total_steps=60)
    several = optimizers if isinstance(optimizers, list) else [optimizers]

    def passes(x, y):
        for one in several:
            one.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        return loss

    before = {n: p.keys.clone() for n, p in dst.controller.parameters.items()}
    for x, y in batches(10):
        if name == "lbfgs":
            optimizers.step(lambda: passes(x, y))  # noqa: B023
        elif name == "sam":
            passes(x, y)
            optimizers.first_step()
            passes(x, y)
            optimizers.second_step()
        else:
            passes(x, y)
            for one in several:
                one.step()
        for _, parameter in dst.controller.parameters.items():
            matrix = parameter.view.matrix(parameter.weight.detach()).clone()
            matrix[parameter.keys // parameter.n_target, parameter.keys % parameter.n_target] = 0
            assert not matrix.any()
        dst.step()
        assert_masked(dst)
        assert all(torch.isfinite(p).all() for p in model.parameters())
    assert dst.steps == 10
    changed = [not torch.equal(before[n], p.keys) for n, p in dst.controller.parameters.items()]
    assert all(changed)


def centralised(model):
    for p in model.parameters():
        if p.dim() == 2:
            p.grad.sub_(p.grad.mean(1, keepdim=True))


def noisy(model):
    for p in model.parameters():
        p.grad.data.add_(0.01 * torch.randn_like(p.grad))


def replaced(model):
    for p in model.parameters():
        p.grad = p.grad + 0.01


@pytest.mark.parametrize("tamper", [centralised, noisy, replaced])
@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_gradients_that_somebody_changes_are_masked_again(tamper, optimizer):
    model = mlp()
    made = optimizer(model.parameters(), 0.05)
    dst = sparsify(model, made, "set", 0.9, update_every=4)
    for x, y in batches(6):
        nn.functional.cross_entropy(model(x), y).backward()
        tamper(model)
        made.step()
        assert_masked(dst)
        dst.step()
        made.zero_grad()


@pytest.mark.parametrize("write", ["no_grad", "data", "init"])
def test_weights_written_by_hand_are_masked_after_the_next_step(write):
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    dst = sparsify(model, optimizer, "set", 0.9, update_every=100)
    for x, y in batches(3):
        if write == "no_grad":
            with torch.no_grad():
                model[0].weight += 0.1
        elif write == "data":
            model[0].weight.data += 0.1
        else:
            nn.init.normal_(model[0].weight)
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        matrix = model[0].weight.detach()
        assert int((matrix != 0).sum()) <= 48
        dst.step()
        optimizer.zero_grad()
        assert_masked(dst)


def test_clipping_sees_masked_gradients():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    dst = sparsify(model, optimizer, "rigl", 0.9, update_every=1, total_steps=50)
    x, y = next(batches(1))
    nn.functional.cross_entropy(model(x), y).backward()
    total = torch.nn.utils.clip_grad_norm_(model.parameters(), 1e9)
    links = [p.gradients.square().sum() for p in dst.controller.parameters.values()]
    sparse = {id(p.weight) for p in dst.controller.parameters.values()}
    others = [p.grad.square().sum() for p in model.parameters() if id(p) not in sparse]
    assert float(total) == pytest.approx(float(sum(links + others).sqrt()), rel=1e-5)


def test_accumulated_gradients_make_the_links_of_the_whole_batch():
    found = []
    for parts in (1, 4):
        model = mlp(dtype=torch.float64)
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        dst = sparsify(model, optimizer, "rigl", 0.8, update_every=2, total_steps=20)
        for x, y in batches(8, dtype=torch.float64):
            for a, b in zip(x.chunk(parts), y.chunk(parts)):
                (nn.functional.cross_entropy(model(a), b) / parts).backward()
            optimizer.step()
            dst.step()
            optimizer.zero_grad()
        found.append({n: (p.keys, p.values) for n, p in dst.controller.parameters.items()})
    for name, (keys, values) in found[0].items():
        assert torch.equal(keys, found[1][name][0])
        torch.testing.assert_close(values, found[1][name][1], rtol=0, atol=1e-12)


class Scaler(torch.amp.GradScaler):
    """The scaler of a GPU on a CPU."""

    def __init__(self):
        super().__init__("cpu", init_scale=2.0**12, growth_interval=3)


@pytest.mark.parametrize("method", ["snfs", "mest", "rigl"])
@pytest.mark.parametrize("clip", [False, True])
def test_a_gradient_scaler_changes_nothing(method, clip):
    found = []
    for scaled in (False, True):
        model = mlp(dtype=torch.float64)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        options = {"removal_options": {"weight_of_gradient": 10.0}} if method == "mest" else {}
        dst = sparsify(model, optimizer, method, 0.8, update_every=2, total_steps=40, **options)
        scaler = Scaler()
        for x, y in batches(12, dtype=torch.float64):
            loss = nn.functional.cross_entropy(model(x), y)
            (scaler.scale(loss) if scaled else loss).backward()
            if clip:
                if scaled:
                    scaler.unscale_(optimizer)
                torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            if scaled:
                scaler.step(optimizer)
                scaler.update()
            else:
                optimizer.step()
            dst.step()
            optimizer.zero_grad()
        found.append({n: p.keys for n, p in dst.controller.parameters.items()})
    for name, keys in found[0].items():
        assert torch.equal(keys, found[1][name])


def test_a_step_that_the_scaler_skips_is_no_step():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    dst = sparsify(model, optimizer, "rigl", 0.8, update_every=2, total_steps=40)
    scaler = Scaler()
    for i, (x, y) in enumerate(batches(6)):
        loss = nn.functional.cross_entropy(model(x), y) * (float("inf") if i == 2 else 1.0)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        dst.step()
        optimizer.zero_grad()
    assert dst.steps == 5
    assert all(torch.isfinite(p).all() for p in model.parameters())


# --- averages of weights ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["set", "gmp", "granet"])
def test_an_average_of_weights_has_the_links_of_the_model(method):
    model = mlp(dtype=torch.float64)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    dst = sparsify(model, optimizer, method, 0.8, update_every=3, total_steps=20)
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9)
    )
    for x, y in batches(18, dtype=torch.float64):
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        average.update_parameters(model)
        if dst.step():
            dst.mask(average)
        optimizer.zero_grad()
    dst.mask(average)
    for name, parameter in dst.controller.parameters.items():
        weight = average.module.get_parameter(parameter.view.parameter)
        matrix = parameter.view.matrix(weight.detach())
        assert int((matrix != 0).sum()) <= parameter.n_links, name
        assert not matrix[~parameter.mask_matrix].any()
    average(torch.randn(2, 12, dtype=torch.float64))


def test_an_average_of_links_alone_is_refused():
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    dst = sparsify(model, optimizer, "set", 0.8, update_every=2, format="csr")
    average = torch.optim.swa_utils.AveragedModel(model)
    with pytest.raises(NetsciError, match="format='masked'"):
        dst.mask(average)
    for x, y in batches(4):
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        average.update_parameters(model)
        dst.step()
        optimizer.zero_grad()
    average.update_parameters(model)
    with pytest.raises(NetsciError, match="different links were averaged"):
        average(torch.randn(2, 12))


# --- the model stays the user's ---------------------------------------------------------------


class Loud(nn.Linear):
    """A subclass with a forward of its own."""

    def forward(self, x):
        return 2 * super().forward(x) + 1


def test_subclasses_hooks_and_norms_survive():
    torch.manual_seed(0)
    model = nn.Sequential(
        Loud(12, 40),
        nn.utils.parametrizations.weight_norm(nn.Linear(40, 30)),
        nn.utils.parametrizations.spectral_norm(nn.Linear(30, 20)),
        nn.Linear(20, 3),
    )
    seen = []
    model[3].register_forward_hook(lambda *a: seen.append(1))
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    x = torch.randn(5, 12)
    dst = sparsify(model, optimizer, "rigl", 0.8, update_every=2, total_steps=20, example_input=x)
    assert type(model[0]) is Loud
    assert set(dst.controller.parameters) == {"0", "1", "2"}
    before = len(seen)
    for _ in range(6):
        model(x).square().mean().backward()
        optimizer.step()
        dst.step()
        optimizer.zero_grad()
        for i in (1, 2):  # the weight in use, which the module computes from its parameter
            view = dst.controller.parameters[str(i)]
            used = int((model[i].weight != 0).sum())
            assert used <= view.n_links
    assert len(seen) == before + 6
    assert hasattr(model[1], "parametrizations")


def test_frozen_layers_are_left_alone():
    model = mlp()
    model[0].weight.requires_grad_(False)
    kept = model[0].weight.clone()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
    dst = sparsify(model, optimizer, "rigl", 0.8, update_every=1, total_steps=20)
    assert set(dst.controller.parameters) == {"2"}
    for x, y in batches(3):
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        dst.step()
        optimizer.zero_grad()
    assert torch.equal(model[0].weight, kept)
    with pytest.raises(RecipeError, match="frozen"):
        sparsify(model, None, "set", 0.8, include=["0"])


def test_tied_weights_stay_tied():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 20))
    model[2].weight = model[0].weight
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    dst = sparsify(model, optimizer, "rigl", 0.8, update_every=2, total_steps=20)
    for _ in range(5):
        model(torch.randn(4, 20)).square().mean().backward()
        optimizer.step()
        dst.step()
        optimizer.zero_grad()
    assert model[2].weight is model[0].weight
    assert int((model[2].weight != 0).sum()) <= 80


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_models_train_on_a_cpu(dtype):
    model = mlp(dtype=dtype)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    dst = sparsify(model, optimizer, "rigl", 0.8, update_every=2, total_steps=20, format="auto")
    for x, y in batches(5):
        nn.functional.cross_entropy(model(x.to(dtype)).float(), y).backward()
        optimizer.step()
        dst.step()
        optimizer.zero_grad()
    assert_masked(dst)


def test_a_pretrained_model_keeps_its_weights_at_the_links():
    model = mlp()
    before = model[0].weight.detach().clone()
    dst = sparsify(model, None, "set", 0.8)
    mask = dst.controller.parameters["0"].mask_matrix.t()
    assert torch.equal(model[0].weight.detach(), before * mask)


@pytest.mark.parametrize(
    "options",
    [
        {"method": "gmp", "total_steps": 1},
        {"method": "set", "sparsity": 0.99999},
        {"method": "set", "format": "csr", "include": ["0", "conv"]},
        {"method": "set", "out": "occupied"},
    ],
)
def test_a_failed_request_leaves_the_model_as_it_was(tmp_path, options):
    model = mlp()
    model.add_module("conv", nn.Conv1d(1, 1, 1))
    (tmp_path / "occupied").mkdir()
    (tmp_path / "occupied" / "recipe.toml").write_text("a = 1")
    if "out" in options:
        options = {**options, "out": tmp_path / "occupied"}
    kinds = [type(m) for m in model.modules()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(NetsciError):
        sparsify(model, optimizer, **options)
    assert [type(m) for m in model.modules()] == kinds
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(p._post_accumulate_grad_hooks for p in model.parameters())
    assert not optimizer._optimizer_step_pre_hooks


# --- in and out -------------------------------------------------------------------------------


def trained(out=None, steps=12, resume=False, total=12, **options):
    model = mlp(dtype=torch.float64)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    dst = sparsify(
        model, optimizer, "rigl", 0.8, out=out, resume=resume, update_every=3, total_steps=total,
        exclude="4", **options,
    )  # fmt: skip
    for i, (x, y) in enumerate(batches(total, dtype=torch.float64)):
        if i < dst.steps:
            continue
        if i >= steps:
            break
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        dst.step()
        optimizer.zero_grad()
    return model, dst


@pytest.mark.parametrize("format", ["masked", "csr"])
def test_state_dicts_go_into_the_plain_model_and_back(format):
    model, dst = trained(format=format)
    dst.close()
    x = torch.randn(4, 12, dtype=torch.float64)
    plain = mlp(seed=5, dtype=torch.float64)
    plain.load_state_dict(to_dense(model).state_dict())
    torch.testing.assert_close(plain(x), model(x), rtol=0, atol=1e-12)
    other, _ = trained(steps=0, format=format)
    other.load_state_dict(plain.state_dict())
    if format == "csr":
        torch.testing.assert_close(other(x), model(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("format", ["masked", "csr"])
def test_the_trained_network_of_an_own_loop_comes_back(tmp_path, format):
    model, dst = trained(tmp_path / "run", format=format)
    dst.close()
    x = torch.randn(4, 12, dtype=torch.float64)
    with pytest.raises(NetsciError, match="model="):
        load_model(tmp_path / "run")
    for wanted in (None, "dense", "csr"):
        plain = mlp(seed=7, dtype=torch.float64)
        loaded = load_model(tmp_path / "run", format=wanted, model=plain)
        torch.testing.assert_close(loaded(x), model(x), rtol=0, atol=1e-12)
        kinds = {type(m).__name__ for m in loaded.modules()}
        assert ("CsrLinear" in kinds) == (wanted == "csr" or (wanted is None and format == "csr"))
    with pytest.raises(FormatError, match="does not fit"):
        load_model(tmp_path / "run", model=nn.Sequential(nn.Linear(3, 3)))


@pytest.mark.parametrize("format", ["masked", "csr"])
def test_a_killed_run_of_an_own_loop_goes_on_in_its_folder(tmp_path, format):
    import netsci_dst as nd

    whole, dst = trained(tmp_path / "whole", format=format)
    dst.close()
    _, half = trained(tmp_path / "killed", steps=8, format=format)
    half._writer._finalizer()  # the process is gone: no word of how it ended
    del half
    with pytest.raises(NetsciError, match="resume"):
        trained(tmp_path / "killed", format=format)
    again, dst = trained(tmp_path / "killed", resume=True, format=format)
    dst.close()
    for a, b in zip(whole.parameters(), again.parameters()):
        assert torch.equal(a, b)
    runs = [nd.load_run(tmp_path / name) for name in ("whole", "killed")]
    assert runs[1].status == "finished"
    assert runs[0].snapshots.steps == runs[1].snapshots.steps
    kept = ["step", "layer", "links", "removed", "regrown", "overlap", "itop"]
    assert runs[0].evolution[kept].equals(runs[1].evolution[kept])


def test_a_masked_model_is_exported():
    model, dst = trained()
    dst.close()
    x = torch.randn(4, 12, dtype=torch.float64)
    exported = torch.export.export(model.eval(), (x,))
    torch.testing.assert_close(exported.module()(x), model(x))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(model, (x,))
    torch.testing.assert_close(traced(x), model(x))
    twin = copy.deepcopy(model)
    assert set(twin.state_dict()) == set(mlp().state_dict())


def test_wrapped_models_are_unwrapped():
    x, y = next(batches(1))
    for wrap in (nn.DataParallel, lambda m: torch.compile(m, backend="eager")):
        model = mlp()
        outer = wrap(model)
        optimizer = torch.optim.SGD(outer.parameters(), 0.1)
        dst = sparsify(outer, optimizer, "rigl", 0.8, update_every=1, total_steps=9)
        assert set(dst.controller.parameters) == {"0", "2"}
        nn.functional.cross_entropy(outer(x), y).backward()
        optimizer.step()
        dst.step()
        assert_masked(dst)
        dst.close()
