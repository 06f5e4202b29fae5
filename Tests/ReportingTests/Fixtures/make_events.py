"""Writes events.tfevents: what TensorBoard's own writer makes of records like ours. Times are fixed, so that the bytes are.

Python 3.11, tensorboard 2.21.0, protobuf 7.36.2. Run in this folder: python make_events.py
"""

import os

from google.protobuf import struct_pb2
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

here = os.path.dirname(os.path.abspath(__file__))


def plugin(name, content=b""):
    data = summary_pb2.SummaryMetadata.PluginData(plugin_name=name, content=content)
    return summary_pb2.SummaryMetadata(plugin_data=data, data_class=summary_pb2.DATA_CLASS_TENSOR)


def shape(*sizes):
    return tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in sizes])


def summary(*values):
    return summary_pb2.Summary(value=[summary_pb2.Summary.Value(**value) for value in values])


values = {
    "method.kind": struct_pb2.Value(string_value="lora"),
    "method.r": struct_pb2.Value(number_value=16),
    "data.prompts_as_chat": struct_pb2.Value(bool_value=True),
}
start = plugin_data_pb2.HParamsPluginData(
    session_start_info=plugin_data_pb2.SessionStartInfo(hparams=values, start_time_secs=1.7e9)
)
end = plugin_data_pb2.HParamsPluginData(
    session_end_info=plugin_data_pb2.SessionEndInfo(status=1, end_time_secs=1.7e9 + 3)
)
nothing = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=shape(0))
scalars = [
    ("train/loss", 1.25), ("train/learning_rate", 2e-4), ("train/gradient_norm", 0.5), ("train/epoch", 0.001),
    ("speed/tokens_per_second", 4000.0), ("speed/seconds_per_step", 2.0), ("memory/peak_allocated_bytes", 9e8),
    ("memory/peak_resident_bytes", 1.34e9),
]  # fmt: skip
table = ["prompt", "wanted", "generated", "    a\n    b", "    ⟦c⟧", "    "]
text = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_shape=shape(2, 3), string_val=[cell.encode() for cell in table])


def hparams(tag, content):
    metadata = plugin("hparams", content.SerializeToString(deterministic=True))
    return summary({"tag": f"_hparams_/{tag}", "tensor": nothing, "metadata": metadata})


events = [
    event_pb2.Event(wall_time=1.7e9, file_version="brain.Event:2"),
    event_pb2.Event(wall_time=1.7e9, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)),
    event_pb2.Event(wall_time=1.7e9, summary=hparams("session_start_info", start)),
    event_pb2.Event(
        wall_time=1.7e9 + 1,
        summary=summary(
            {"tag": "heldout/loss", "simple_value": 0.0},
            {"tag": "heldout/perplexity", "simple_value": 1.0},
            {"tag": "heldout/field_match", "simple_value": 0.5},
            {"tag": "heldout/samples", "tensor": text, "metadata": plugin("text")},
        ),
    ),
    event_pb2.Event(
        wall_time=1.7e9 + 2, step=1, summary=summary(*[{"tag": tag, "simple_value": value} for tag, value in scalars])
    ),
    event_pb2.Event(wall_time=1.7e9 + 3, summary=hparams("session_end_info", end)),
]
with open(f"{here}/events.tfevents", "wb") as file:
    writer = RecordWriter(file)
    for event in events:
        writer.write(event.SerializeToString(deterministic=True))
