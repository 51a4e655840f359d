"""Methods that follow a gradient in softmax logits: normalized, with momentum, gated, penalized."""
