# ruff: noqa: E501
"""Small models with random weights from transformers, timm, torchvision and plain torch."""

from __future__ import annotations

import importlib
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

BATCH = 2
TEXT = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
    "vocab_size": 99,
}  # fmt: skip
VISION = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
    "image_size": 32, "patch_size": 8,
}  # fmt: skip
SEQ2SEQ = {
    "vocab_size": 99, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
}  # fmt: skip
SPEECH = {
    "vocab_size": 32, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 48, "conv_dim": (16, 16), "conv_kernel": (5, 3), "conv_stride": (4, 2),
    "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4,
}  # fmt: skip
STAGES = {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]}
GROUPED = {**TEXT, "num_key_value_heads": 2}
END = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}

# Name: (configuration, model, options, kind of input).
TRANSFORMERS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "bert": ("BertConfig", "BertForSequenceClassification", TEXT, "text"),
    "roberta": ("RobertaConfig", "RobertaForMaskedLM", TEXT, "text"),
    "albert": ("AlbertConfig", "AlbertForMaskedLM", {**TEXT, "embedding_size": 16}, "text"),
    "distilbert": ("DistilBertConfig", "DistilBertForMaskedLM",
                   {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "vocab_size": 99}, "text"),
    "electra": ("ElectraConfig", "ElectraForPreTraining", {**TEXT, "embedding_size": 16}, "text"),
    "deberta-v2": ("DebertaV2Config", "DebertaV2ForSequenceClassification",
                   {**TEXT, "relative_attention": True, "pos_att_type": ["p2c", "c2p"],
                    "position_buckets": 8, "share_att_key": True}, "text"),
    "mpnet": ("MPNetConfig", "MPNetForMaskedLM", TEXT, "text"),
    "squeezebert": ("SqueezeBertConfig", "SqueezeBertForSequenceClassification",
                    {**TEXT, "embedding_size": 32}, "text"),
    "modernbert": ("ModernBertConfig", "ModernBertForMaskedLM", {**TEXT, **END}, "text"),
    "fnet": ("FNetConfig", "FNetForMaskedLM",
             {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 48}, "text"),
    "xlm-roberta": ("XLMRobertaConfig", "XLMRobertaForSequenceClassification", TEXT, "text"),
    "longformer": ("LongformerConfig", "LongformerForMaskedLM", {**TEXT, "attention_window": 4, **END}, "long text"),
    "gpt2": ("GPT2Config", "GPT2LMHeadModel", {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 99}, "text"),
    "gpt-neo": ("GPTNeoConfig", "GPTNeoForCausalLM",
                {"vocab_size": 99, "hidden_size": 32, "num_layers": 2, "num_heads": 4,
                 "attention_types": [[["global", "local"], 1]], "intermediate_size": 48}, "text"),
    "gpt-neox": ("GPTNeoXConfig", "GPTNeoXForCausalLM", TEXT, "text"),
    "gpt-j": ("GPTJConfig", "GPTJForCausalLM",
              {"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4, "rotary_dim": 4}, "text"),
    "opt": ("OPTConfig", "OPTForCausalLM",
            {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
             "ffn_dim": 48, "word_embed_proj_dim": 32}, "text"),
    "bloom": ("BloomConfig", "BloomForCausalLM",
              {"vocab_size": 99, "hidden_size": 32, "n_layer": 2, "n_head": 4}, "text"),
    "falcon": ("FalconConfig", "FalconForCausalLM",
               {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}, "text"),
    "llama": ("LlamaConfig", "LlamaForCausalLM", GROUPED, "text"),
    "mistral": ("MistralConfig", "MistralForCausalLM", {**GROUPED, "sliding_window": 4}, "text"),
    "qwen2": ("Qwen2Config", "Qwen2ForCausalLM", GROUPED, "text"),
    "qwen3": ("Qwen3Config", "Qwen3ForCausalLM", {**GROUPED, "head_dim": 8}, "text"),
    "gemma2": ("Gemma2Config", "Gemma2ForCausalLM", {**GROUPED, "head_dim": 8}, "text"),
    "phi": ("PhiConfig", "PhiForCausalLM", TEXT, "text"),
    "phi3": ("Phi3Config", "Phi3ForCausalLM", {**GROUPED, **END}, "text"),
    "mixtral": ("MixtralConfig", "MixtralForCausalLM", {**GROUPED, "num_local_experts": 4}, "text"),
    "mamba": ("MambaConfig", "MambaForCausalLM",
              {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 8}, "text"),
    "mamba2": ("Mamba2Config", "Mamba2ForCausalLM",
               {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 8,
                "num_heads": 8, "head_dim": 8, "n_groups": 2, "chunk_size": 4}, "text"),
    "rwkv": ("RwkvConfig", "RwkvForCausalLM",
             {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2,
              "attention_hidden_size": 32, "intermediate_size": 48}, "text"),
    "recurrent-gemma": ("RecurrentGemmaConfig", "RecurrentGemmaForCausalLM",
                        {**GROUPED, "num_hidden_layers": 3, "lru_width": 32, "head_dim": 8}, "text"),
    "t5": ("T5Config", "T5ForConditionalGeneration",
           {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4, "vocab_size": 99}, "pairs"),
    "mt5": ("MT5Config", "MT5ForConditionalGeneration",
            {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4, "vocab_size": 99}, "pairs"),
    "bart": ("BartConfig", "BartForConditionalGeneration", SEQ2SEQ, "pairs"),
    "marian": ("MarianConfig", "MarianMTModel", {**SEQ2SEQ, "pad_token_id": 0, "decoder_start_token_id": 0,
                                                 "eos_token_id": 2}, "pairs"),
    "pegasus": ("PegasusConfig", "PegasusForConditionalGeneration", SEQ2SEQ, "pairs"),
    "vit": ("ViTConfig", "ViTForImageClassification", VISION, "image"),
    "deit": ("DeiTConfig", "DeiTForImageClassification", VISION, "image"),
    "beit": ("BeitConfig", "BeitForImageClassification",
             {**VISION, "out_indices": None, "use_relative_position_bias": True}, "image"),
    "dinov2": ("Dinov2Config", "Dinov2ForImageClassification", VISION, "image"),
    "swin": ("SwinConfig", "SwinForImageClassification",
             {"image_size": 32, "patch_size": 4, "embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4],
              "window_size": 4}, "image"),
    "swinv2": ("Swinv2Config", "Swinv2ForImageClassification",
               {"image_size": 32, "patch_size": 4, "embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4],
                "window_size": 4}, "image"),
    "resnet (transformers)": ("ResNetConfig", "ResNetForImageClassification",
                              {"embedding_size": 8, **STAGES}, "image"),
    "regnet (transformers)": ("RegNetConfig", "RegNetForImageClassification",
                              {"embedding_size": 8, **STAGES, "groups_width": 4}, "image"),
    "convnext": ("ConvNextConfig", "ConvNextForImageClassification", STAGES, "image"),
    "convnextv2": ("ConvNextV2Config", "ConvNextV2ForImageClassification", STAGES, "image"),
    "poolformer": ("PoolFormerConfig", "PoolFormerForImageClassification", STAGES, "image"),
    "segformer": ("SegformerConfig", "SegformerForSemanticSegmentation",
                  {**STAGES, "num_attention_heads": [1, 2, 2, 4], "decoder_hidden_size": 16}, "large image"),
    "mobilenet-v1": ("MobileNetV1Config", "MobileNetV1ForImageClassification",
                     {"depth_multiplier": 0.25, "image_size": 32}, "image"),
    "mobilenet-v2": ("MobileNetV2Config", "MobileNetV2ForImageClassification",
                     {"depth_multiplier": 0.25, "image_size": 32}, "image"),
    "mobilevit": ("MobileViTConfig", "MobileViTForImageClassification",
                  {"hidden_sizes": [16, 20, 24], "neck_hidden_sizes": [4, 8, 12, 16, 16, 20, 32],
                   "image_size": 64}, "large image"),
    "clip": ("CLIPConfig", "CLIPModel",
             {"text_config": TEXT, "vision_config": VISION, "projection_dim": 16}, "text and image"),
    "siglip": ("SiglipConfig", "SiglipModel", {"text_config": TEXT, "vision_config": VISION}, "text and image"),
    "vilt": ("ViltConfig", "ViltForQuestionAnswering", {**TEXT, "image_size": 32, "patch_size": 8,
                                                       "num_labels": 3}, "text and image"),
    "detr": ("DetrConfig", "DetrForObjectDetection", {}, "detection"),
    "deformable-detr": ("DeformableDetrConfig", "DeformableDetrForObjectDetection", {}, "detection"),
    "yolos": ("YolosConfig", "YolosForObjectDetection",
              {**VISION, "image_size": [32, 32], "num_detection_tokens": 5}, "image"),
    "wav2vec2": ("Wav2Vec2Config", "Wav2Vec2ForCTC", SPEECH, "speech"),
    "hubert": ("HubertConfig", "HubertForCTC", SPEECH, "speech"),
    "wavlm": ("WavLMConfig", "WavLMForCTC", {**SPEECH, "num_buckets": 16}, "speech"),
    "whisper": ("WhisperConfig", "WhisperForConditionalGeneration",
                {**SEQ2SEQ, "num_mel_bins": 20, "max_source_positions": 50, **END,
                 "decoder_start_token_id": 1}, "spectrum and text"),
    "audio-spectrogram-transformer": ("ASTConfig", "ASTForAudioClassification",
                                      {**TEXT, "max_length": 32, "num_mel_bins": 32, "patch_size": 8,
                                       "frequency_stride": 8, "time_stride": 8}, "spectrum"),
    "patchtst": ("PatchTSTConfig", "PatchTSTForPrediction",
                 {"num_input_channels": 3, "context_length": 32, "patch_length": 8, "patch_stride": 8,
                  "d_model": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 24,
                  "prediction_length": 4}, "series"),
    "decision-transformer": ("DecisionTransformerConfig", "DecisionTransformerModel",
                             {"state_dim": 5, "act_dim": 3, "hidden_size": 32, "n_layer": 2, "n_head": 4,
                              "max_ep_len": 20}, "decisions"),
}  # fmt: skip

TIMM = (
    "resnet10t", "seresnext26d_32x4d", "resnest14d", "skresnet18", "res2net50_26w_4s", "densenet121",
    "dla34", "dpn48b", "efficientnet_b0", "mobilenetv3_small_100", "ghostnet_100", "regnety_002",
    "nf_resnet26", "resnetv2_18", "repvgg_a0", "convnext_atto", "convnextv2_atto", "inception_next_atto",
    "mixer_s32_224", "resmlp_12_224", "gmlp_ti16_224", "vit_tiny_patch16_224", "deit_tiny_patch16_224",
    "pit_ti_224", "levit_128s", "xcit_nano_12_p16_224", "pvt_v2_b0", "mobilevit_xxs",
    "edgenext_xx_small", "starnet_s1", "mambaout_femto", "coat_lite_tiny",
)  # fmt: skip
TORCHVISION = (
    "squeezenet1_1", "googlenet", "shufflenet_v2_x0_5", "mnasnet0_5", "mobilenet_v3_small",
    "lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large",
)  # fmt: skip


def tokens(length: int = 9) -> torch.Tensor:
    return torch.randint(5, 95, (BATCH, length))


def example(kind: str) -> dict[str, Any]:
    """Return a small batch of named inputs."""
    image = {"pixel_values": torch.randn(BATCH, 3, 32, 32)}
    text = {"input_ids": tokens()}
    kinds: dict[str, Callable[[], dict[str, Any]]] = {
        "text": lambda: text,
        "long text": lambda: {"input_ids": tokens(16)},
        "pairs": lambda: {**text, "decoder_input_ids": tokens(7)},
        "image": lambda: image,
        "large image": lambda: {"pixel_values": torch.randn(BATCH, 3, 64, 64)},
        "text and image": lambda: {**text, **image},
        "detection": lambda: {"pixel_values": torch.randn(BATCH, 3, 128, 128)},
        "speech": lambda: {"input_values": torch.randn(BATCH, 800)},
        "spectrum": lambda: {"input_values": torch.randn(BATCH, 32, 32)},
        "spectrum and text": lambda: {
            "input_features": torch.randn(BATCH, 20, 100),
            "decoder_input_ids": tokens(7),
        },
        "series": lambda: {"past_values": torch.randn(BATCH, 32, 3)},
        "decisions": lambda: {
            "states": torch.randn(BATCH, 6, 5),
            "actions": torch.randn(BATCH, 6, 3),
            "rewards": torch.randn(BATCH, 6, 1),
            "returns_to_go": torch.randn(BATCH, 6, 1),
            "timesteps": torch.arange(6).repeat(BATCH, 1),
            "attention_mask": torch.ones(BATCH, 6),
        },
    }
    return kinds[kind]()


def from_transformers(name: str) -> tuple[nn.Module, Any]:
    import transformers

    config, model, options, kind = TRANSFORMERS[name]
    if kind == "detection":
        options = _detection(transformers, name)
    made = getattr(transformers, config)(**options)
    return getattr(transformers, model)(made), example(kind)


def _detection(transformers: Any, name: str) -> dict[str, Any]:
    several = name == "deformable-detr"
    backbone = transformers.ResNetConfig(
        embedding_size=8,
        **STAGES,
        out_features=["stage2", "stage3", "stage4"] if several else ["stage4"],
    )
    options = {
        "use_timm_backbone": False, "use_pretrained_backbone": False, "backbone": None,
        "backbone_config": backbone, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2,
        "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 48,
        "decoder_ffn_dim": 48, "num_queries": 6,
    }  # fmt: skip
    return {**options, "disable_custom_kernels": True} if several else options


def install() -> None:
    """Make timm and torchvision importable, without what they depend on."""
    folder = Path(tempfile.gettempdir()) / "netsci-dst-zoo"
    if not (folder / "timm").exists() or not (folder / "torchvision").exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        subprocess.run([*command, str(folder), "timm", "torchvision"], check=True)
    sys.path.append(str(folder))
    # Its compiled operators are for another build of torch; their names are enough to import it.
    global _OPERATORS
    _OPERATORS = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        _OPERATORS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


_OPERATORS: Any = None


def from_timm(name: str) -> tuple[nn.Module, Any]:
    timm = importlib.import_module("timm")
    size = int(name.rsplit("_", 1)[-1]) if name.rsplit("_", 1)[-1] in ("224", "256") else 64
    if name in ("twins_svt_small", "coat_lite_tiny", "levit_128s", "sequencer2d_s", "focalnet_tiny_srf",
                "efficientformer_l1", "poolformer_s12"):  # fmt: skip
        size = 224
    return timm.create_model(name, pretrained=False, num_classes=10), torch.randn(
        BATCH, 3, size, size
    )


def from_torchvision(name: str) -> tuple[nn.Module, Any]:
    models = importlib.import_module("torchvision.models")
    options: dict[str, Any] = {"weights": None}
    if name.startswith(("fcn", "deeplab", "lraspp")):
        options["weights_backbone"] = None
    if name in ("googlenet", "inception_v3"):
        options["init_weights"] = False
    shape = {
        "r3d_18": (BATCH, 3, 4, 32, 32), "mvit_v2_s": (1, 3, 16, 224, 224),
        "inception_v3": (BATCH, 3, 96, 96), "vit_b_32": (BATCH, 3, 224, 224),
    }.get(name, (BATCH, 3, 64, 64))  # fmt: skip
    return models.get_model(name, **options), torch.randn(*shape)


class Recurrent(nn.Module):
    def __init__(self, kind: str):
        super().__init__()
        self.embed = nn.Embedding(99, 16)
        self.cell = getattr(nn, kind)(16, 24, 2, batch_first=True, bidirectional=kind == "LSTM")
        self.head = nn.Linear(48 if kind == "LSTM" else 24, 99)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.cell(self.embed(x))[0])


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        sizes = (3, 8, 16, 24)
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1) for a, b in itertools.pairwise(sizes)
        )
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in ((16, 24), (8, 16)))
        self.mix = nn.ModuleList(nn.Conv2d(2 * a, a, 3, padding=1) for a in (16, 8))
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = []
        for place, layer in enumerate(self.down):
            x = torch.relu(layer(x if place == 0 else nn.functional.max_pool2d(x, 2)))
            kept.append(x)
        for up, mix, old in zip(self.up, self.mix, reversed(kept[:-1])):
            x = torch.relu(mix(torch.cat([up(x), old], 1)))
        return self.head(x)


def _plain() -> dict[str, Callable[[], tuple[nn.Module, Any]]]:
    transformer = lambda: nn.Transformer(16, 4, 2, 2, 32, batch_first=True)  # noqa: E731
    return {
        "lstm": lambda: (Recurrent("LSTM"), tokens()),
        "gru": lambda: (Recurrent("GRU"), tokens()),
        "rnn": lambda: (Recurrent("RNN"), tokens()),
        "unet": lambda: (UNet(), torch.randn(BATCH, 3, 32, 32)),
        "nn.Transformer": lambda: (
            transformer(), (torch.randn(BATCH, 5, 16), torch.randn(BATCH, 6, 16)),
        ),
        "mlp": lambda: (
            nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10)),
            torch.randn(BATCH, 1, 28, 28),
        ),
    }  # fmt: skip


def models() -> Iterator[tuple[str, str, Callable[[], tuple[nn.Module, Any]]]]:
    """Yield name, library and builder of every model."""
    for name, make in _plain().items():
        yield name, "torch", make
    for name in TRANSFORMERS:
        yield name, "transformers", lambda name=name: from_transformers(name)
    for name in TIMM:
        yield name, "timm", lambda name=name: from_timm(name)
    for name in TORCHVISION:
        yield name, "torchvision", lambda name=name: from_torchvision(name)
