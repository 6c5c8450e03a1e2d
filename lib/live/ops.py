"""Which torch operations scripts/tensor can run, and which of their arguments it reads.

A row is ``aten overload: "our name" + the arguments handed over, in order``.
Every argument that is not in the row must have its default value, or the figure fails
to build: an argument that is silently ignored gives a silently wrong picture.
"""

HARMLESS = {"memory_format", "layout", "device", "pin_memory", "non_blocking", "stable"}
IDENTITY = {
    "clone.default",
    "alias.default",
    "detach.default",
    "lift_fresh_copy.default",
}
IGNORED = {
    "_assert_tensor_metadata.default",
    "_assert_async.msg",
    "_assert_scalar.default",
}

_UNARY = (
    "abs neg exp exp2 expm1 log log1p log2 log10 sqrt rsqrt reciprocal sin cos tan "
    "asin acos atan sinh cosh tanh asinh acosh atanh sigmoid erf relu floor ceil round "
    "trunc sign isnan isinf"
)
_BINARY = (
    "mul.Tensor mul.Scalar maximum.default minimum.default pow.Tensor_Tensor "
    "pow.Tensor_Scalar atan2.default fmod.Tensor fmod.Scalar remainder.Tensor "
    "remainder.Scalar eq.Tensor eq.Scalar ne.Tensor ne.Scalar lt.Tensor lt.Scalar "
    "le.Tensor le.Scalar gt.Tensor gt.Scalar ge.Tensor ge.Scalar"
)
_SECOND = {"pow.Tensor_Tensor": "exponent", "pow.Tensor_Scalar": "exponent"}

OPS: dict[str, str] = {f"{name}.default": f"{name} self" for name in _UNARY.split()}
OPS |= {
    op: f"{op.split('.')[0]} self {_SECOND.get(op, 'other')}" for op in _BINARY.split()
}
OPS |= {
    "pow.Scalar": "pow self exponent",
    "logical_not.default": "not self",
    "bitwise_not.default": "bitwiseNot self",
    "gelu.default": "gelu self approximate",
    "leaky_relu.default": "leakyRelu self negative_slope",
    "elu.default": "elu self alpha scale input_scale",
    "add.Tensor": "add self other alpha",
    "add.Scalar": "add self other alpha",
    "sub.Tensor": "sub self other alpha",
    "sub.Scalar": "sub self other alpha",
    "div.Tensor": "div self other",
    "div.Scalar": "div self other",
    "div.Tensor_mode": "div self other rounding_mode",
    "div.Scalar_mode": "div self other rounding_mode",
    "logical_and.default": "and self other",
    "logical_or.default": "or self other",
    "logical_xor.default": "xor self other",
    "where.self": "where condition self other",
    "where.ScalarSelf": "where condition self other",
    "clamp.default": "clamp self min max",
    "clamp.Tensor": "clamp self min max",
    "hardtanh.default": "clamp self min_val max_val",
    "sum.dim_IntList": "sum self dim",
    "mean.default": "mean self -",
    "mean.dim": "mean self dim",
    "prod.default": "prod self -",
    "prod.dim_int": "prod self dim",
    "amax.default": "amax self dim",
    "amin.default": "amin self dim",
    "any.default": "any self -",
    "any.dim": "any self dim",
    "any.dims": "any self dim",
    "var.correction": "variance self dim correction",
    "linalg_vector_norm.default": "vectorNorm self ord dim",
    "max.dim": "max self dim",
    "min.dim": "min self dim",
    "max.default": "amax self -",
    "min.default": "amin self -",
    "argmax.default": "argmax self dim",
    "argmin.default": "argmin self dim",
    "cumsum.default": "cumsum self dim",
    "cumprod.default": "cumprod self dim",
    "_softmax.default": "softmax self dim",
    "_log_softmax.default": "logSoftmax self dim",
    "sort.default": "sort self dim descending",
    "sort.stable": "sort self dim descending",
    "topk.default": "topk self k dim largest",
    "mm.default": "mm self mat2",
    "bmm.default": "bmm self mat2",
    "_cdist_forward.default": "cdist x1 x2 p",
    "convolution.default": "convolution input weight bias stride padding dilation "
    "transposed output_padding groups",
    "max_pool2d_with_indices.default": "maxPool self kernel_size stride padding "
    "dilation",
    "avg_pool2d.default": "avgPool self kernel_size stride padding ceil_mode "
    "count_include_pad divisor_override",
    "_adaptive_avg_pool2d.default": "adaptivePool self",
    "upsample_nearest2d.default": "nearest self scales_h scales_w",
    "upsample_bilinear2d.default": "bilinear self align_corners scales_h scales_w",
    "native_layer_norm.default": "layerNorm input normalized_shape weight bias eps",
    "native_group_norm.default": "groupNorm input weight bias N C HxW group eps",
    "_native_batch_norm_legit_no_training.default": "batchNorm input weight bias "
    "running_mean running_var momentum eps",
    "view.default": "view self",
    "_unsafe_view.default": "view self",
    "unsqueeze.default": "view self",
    "squeeze.dims": "view self",
    "squeeze.dim": "view self",
    "squeeze.default": "view self",
    "expand.default": "expand self",
    "permute.default": "permute self dims",
    "slice.Tensor": "slice self dim start end step",
    "select.int": "select self dim index",
    "cat.default": "cat tensors dim",
    "split_with_sizes.default": "split self split_sizes dim",
    "flip.default": "flip self dims",
    "unfold.default": "unfold self dimension size step",
    "_to_copy.default": "cast self",
    "constant_pad_nd.default": "pad self pad value",
    "index_select.default": "indexSelect self dim index",
    "gather.default": "gather self dim index",
    "index.Tensor": "index self indices",
    "embedding.default": "embedding weight indices",
    "scatter.src": "scatter self dim index src",
    "scatter.value": "scatter self dim index value",
    "scatter_add.default": "scatterAdd self dim index src",
    "slice_scatter.default": "putSlice self src dim start end step",
    "diagonal_scatter.default": "putDiagonal self src offset dim1 dim2",
    "index_put.default": "indexPut self indices values accumulate",
    "diagonal.default": "diagonal self offset dim1 dim2",
    "bucketize.Tensor": "bucketize self boundaries out_int32 right",
    "full_like.default": "fill self fill_value",
    "repeat.default": "repeat self",
}
for _op in ("and", "or", "xor"):  # bool only: trace.py refuses them on integers
    OPS[f"bitwise_{_op}.Tensor"] = f"{_op} self other"

# Arguments that the recorded shape and dtype of the result already hold.
IMPLIED = {
    "size": {"view.default", "_unsafe_view.default", "expand.default"},
    "dim": {"unsqueeze.default", "squeeze.dims", "squeeze.dim"},
    "output_size": {
        "_adaptive_avg_pool2d.default",
        "upsample_nearest2d.default",
        "upsample_bilinear2d.default",
    },
    "repeats": {"repeat.default"},
    "keepdim": set(OPS),
    "dtype": set(OPS),
    "half_to_float": {"_softmax.default", "_log_softmax.default"},
    "padding_idx": {"embedding.default"},
    "scale_grad_by_freq": {"embedding.default"},
    "implicit": {"expand.default"},
    "compute_mode": {"_cdist_forward.default"},
    "sorted": {"topk.default"},
}
