"""Steps recorded once and replayed give the numbers of steps that are made singly.

On a GPU bit for bit, with real graphs; here by a stand-in that makes the recorded step anew at the
recorded addresses, so that whatever moves or is left behind shows.
"""

import pytest
import torch

from netsci_dst.errors import NumericalError
from netsci_dst.training import fit, graphed_step, resume
from netsci_dst.training.callbacks.finite import Losses
from netsci_dst.training.progress import Progress

from ._runs import Stop, facts, same, small

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


class Repeated:
    """What a graph does, operation by operation."""

    made = 0
    replays = 0

    def __init__(self, generators, other=None):
        type(self).made += 1

    def record(self, function):
        self._function = function

    def replay(self):
        type(self).replays += 1
        return self._function()


@pytest.fixture
def repeated(monkeypatch):
    """Let the steps of a CPU be recorded."""
    Repeated.made = Repeated.replays = 0
    monkeypatch.setattr(graphed_step, "Graph", Repeated)
    able = lambda training: training.recipe.graph and training.controller.can_be_recorded  # noqa: E731
    monkeypatch.setattr(fit, "can_graph", able)
    monkeypatch.setattr(fit, "own_stream", lambda device: fit.nullcontext())
    return Repeated


CASES = {
    "mlp set": {"method": "set"},
    "mlp rigl": {"method": "rigl", "clip": 1.0},
    "mlp mest adam": {"method": "mest", "optimizer": "adam", "lr": 1e-3},
    "mlp chts, in parts": {"method": "chts", "accumulate": 2},
    "mlp dense, smoothed": {"method": "dense", "label_smoothing": 0.1},
    "mlp chtss": {"method": "chtss", "dtype": "float64"},
    "rbm": {"method": "set", "model": "rbm-small", "lr": 0.01, "model_options": {}},
}


def both(tmp_path, case):
    """Train a case with steps made singly, then recorded."""
    changes = {"format": "masked"} if case["method"] != "dense" else {}
    changes |= {"steps": 12, "update_steps": 4, "evaluate_steps": 6, **case}
    one = small(tmp_path / "one", graph=False, **changes)
    assert not Repeated.made
    return one, small(tmp_path / "other", **changes)


@pytest.mark.parametrize("case", CASES)
def test_a_replayed_training_is_the_same(case, tmp_path, repeated):
    one, other = both(tmp_path, CASES[case])
    assert repeated.made == 1
    # The first are made singly; so are those before an update, which reads gradients.
    singly = graphed_step.WARM_STEPS + (0 if CASES[case]["method"] == "dense" else 3)
    assert 12 - singly <= repeated.replays < 12
    same(facts(one), facts(other))


def test_a_smaller_last_batch_is_recorded_too(tmp_path, repeated):
    changes = {"method": "set", "train_samples": 100, "steps": 16, "evaluate_steps": 8}
    one, other = both(tmp_path, {**changes, "update_steps": 6, "batch_size": 32})
    assert repeated.made == 2  # of four batches an epoch the last one has four samples
    assert repeated.replays == 16 - graphed_step.WARM_STEPS - 1 - 2
    same(facts(one), facts(other))


def test_only_so_many_shapes_are_recorded(tmp_path, repeated, monkeypatch):
    monkeypatch.setattr(graphed_step, "MOST_GRAPHS", 1)
    changes = {"method": "mest", "train_samples": 100, "steps": 16, "evaluate_steps": 8}
    one, other = both(tmp_path, {**changes, "update_steps": 6, "batch_size": 32})
    assert repeated.made == 1
    same(facts(one), facts(other))


def test_sentences_of_any_length_are_recorded_by_their_shapes(tmp_path, repeated):
    pytest.importorskip("transformers")
    pytest.importorskip("sacrebleu")
    source = ["a b c", "b c d e f", "c d", "d e f g", "f e d c b a", "a a b"] * 8
    for split, lines in (("train", source), ("validation", source[:4])):
        for language in ("de", "en"):
            (tmp_path / f"{split}.{language}").write_text("\n".join(lines) + "\n")
    case = {
        "data": str(tmp_path),
        "data_options": {"source_language": "de", "target_language": "en"},
        "model": "transformer",
        "model_options": {"width": 8, "feed_forward": 8, "layers": 1, "heads": 2, "dropout": 0.0},
        "method": "set",
        "steps": 40,
        "batch_size": 64,
        "optimizer": "adam",
        "evaluate_steps": 40,
        "update_steps": 15,
    }
    one, other = both(tmp_path, case)
    assert repeated.made > 1
    assert repeated.replays > 10
    same(facts(one), facts(other))


def test_what_cannot_be_recorded_is_made_singly_and_said(tmp_path, repeated, monkeypatch):
    said = []

    class Told(Progress):
        def noted(self, text):
            said.append(text)

    def record(self, function):
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    one = small(tmp_path / "one", "set", steps=8, graph=False, format="masked")
    monkeypatch.setattr(repeated, "record", record)
    other = small(tmp_path / "other", "set", steps=8, format="masked", progress=Told())
    assert repeated.made == 1
    assert not repeated.replays
    assert "operation not permitted when stream is capturing" in said[-1]
    same(facts(one), facts(other))


def test_a_recorded_training_resumes(tmp_path, repeated):
    changes = {"method": "rigl", "steps": 20, "update_steps": 5, "format": "masked"}
    whole = small(tmp_path / "whole", **changes)
    with pytest.raises(fit.Interrupted):
        small(tmp_path / "cut", progress=Stop(9), **changes)
    same(facts(whole), facts(resume(tmp_path / "cut")))


def test_the_first_bad_loss_is_found_without_looking_at_each(monkeypatch):
    monkeypatch.setattr("netsci_dst.training.callbacks.finite._KEPT", 4)
    losses = Losses()
    for step in range(1, 20):
        losses.keep(step, torch.tensor(float("nan") if step in (7, 9) else 1.0))
    assert losses.first_bad() == 7
    losses = Losses()
    for step in range(5, 9):
        losses.keep(step, torch.tensor(1.0))
    assert losses.first_bad() is None


# --- where there is a GPU ---------------------------------------------------------------------


@on_gpu
@pytest.mark.parametrize("case", CASES)
def test_a_graph_gives_the_same_bits(case, tmp_path):
    one, other = both(tmp_path, {**CASES[case], "device": "cuda"})
    same(facts(one), facts(other))


@on_gpu
def test_a_language_model_as_a_graph_gives_the_same_bits(tmp_path):
    pytest.importorskip("transformers")
    text = tmp_path / "text.txt"
    text.write_text("the quick brown fox jumps over the lazy dog. " * 200)
    case = {
        "data": str(text),
        "data_options": {"tokenizer": "byte"},
        "model": "llama-20m",
        "model_options": {"width": 32, "feed_forward": 64, "layers": 2, "heads": 2},
        "task_options": {"sequence_length": 16},
        "method": "chts",
        "optimizer": "adamw",
        "lr": 1e-3,
        "clip": 1.0,
        "device": "cuda",
    }
    one, other = both(tmp_path, case)
    same(facts(one), facts(other))


@on_gpu
def test_a_bad_loss_in_a_graph_is_named_by_its_step(tmp_path):
    with pytest.raises(NumericalError, match="not finite at step"):
        small(tmp_path / "run", "set", steps=40, lr=1e30, device="cuda")
