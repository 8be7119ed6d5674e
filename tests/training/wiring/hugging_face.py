"""Small models of `transformers` with random weights, and inputs for them."""

import torch
import transformers as hf

TEXT = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
    "vocab_size": 99,
}  # fmt: skip
VISION = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
    "image_size": 32, "patch_size": 8,
}  # fmt: skip


def small(name):
    """Return a model and a dictionary of named inputs."""
    tokens = torch.arange(5, 23).reshape(2, 9)
    image = torch.randn(2, 3, 32, 32)
    text, pixels = {"input_ids": tokens}, {"pixel_values": image}
    if name == "bert":
        return hf.BertForSequenceClassification(hf.BertConfig(**TEXT)), text
    if name == "gpt2":
        config = hf.GPT2Config(n_embd=32, n_layer=2, n_head=4, vocab_size=99)
        return hf.GPT2LMHeadModel(config), text
    if name == "llama":
        return hf.LlamaForCausalLM(hf.LlamaConfig(**TEXT, num_key_value_heads=2)), text
    if name == "gpt_neox":
        return hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(**TEXT)), text
    if name == "t5":
        config = hf.T5Config(d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, vocab_size=99)
        return hf.T5ForConditionalGeneration(config), {**text, "decoder_input_ids": tokens}
    if name == "vit":
        return hf.ViTForImageClassification(hf.ViTConfig(**VISION)), pixels
    if name == "swin":
        config = hf.SwinConfig(
            image_size=32, patch_size=4, embed_dim=16, depths=[2, 2], num_heads=[2, 4],
            window_size=4,
        )  # fmt: skip
        return hf.SwinForImageClassification(config), pixels
    if name == "clip":
        config = hf.CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=16)
        return hf.CLIPModel(config), {**text, **pixels}
    if name == "mamba":
        config = hf.MambaConfig(
            vocab_size=99,
            hidden_size=32,
            num_hidden_layers=2,
            state_size=8,
            tie_word_embeddings=False,
        )
        return hf.MambaForCausalLM(config), text
    if name == "wav2vec2":
        config = hf.Wav2Vec2Config(
            vocab_size=32, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
            intermediate_size=48, conv_dim=(16, 16), conv_kernel=(5, 3), conv_stride=(4, 2),
            num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4,
        )  # fmt: skip
        return hf.Wav2Vec2ForCTC(config), {"input_values": torch.randn(2, 800)}
    if name == "convnext":
        config = hf.ConvNextConfig(
            hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 2, 1], layer_scale_init_value=1.0
        )
        return hf.ConvNextForImageClassification(config), pixels
    if name == "detr":
        backbone = hf.ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1],
            out_features=["stage4"],
        )  # fmt: skip
        config = hf.DetrConfig(
            use_timm_backbone=False, use_pretrained_backbone=False, backbone=None,
            backbone_config=backbone, d_model=32, encoder_layers=2, decoder_layers=2,
            encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48,
            decoder_ffn_dim=48, num_queries=6,
        )  # fmt: skip
        return hf.DetrForObjectDetection(config), {"pixel_values": torch.randn(1, 3, 64, 64)}
    raise KeyError(name)
