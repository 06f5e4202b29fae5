#!/usr/bin/env python3
"""Writes sampling.json: logits, and the probabilities that transformers draws from at several settings.

Made with transformers 5.23, torch 2.15, seed 20261122. Temperature, top-k and top-p in the order in which `generate` applies them.
"""

import json
import pathlib

import torch
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

SETTINGS = [
    (1.0, None, 1.0), (0.7, None, 1.0), (1.0, 5, 1.0), (1.0, None, 0.9), (2.0, 7, 0.6), (0.3, 40, 0.95), (1.5, None, 0.05), (1.0, 1, 1.0),
    (0.8, 100, 0.5),
]


def main():
    torch.manual_seed(20261122)
    logits = [torch.randn(40) * 3, torch.randn(40), torch.tensor([1.0, 3.0, 3.0, 2.0, 3.0, -1.0, 2.0])]
    cases = []
    for row in logits:
        for temperature, top_k, top_p in SETTINGS:
            warpers = LogitsProcessorList()
            if temperature != 1.0:
                warpers.append(TemperatureLogitsWarper(temperature))
            if top_k is not None:
                warpers.append(TopKLogitsWarper(top_k))
            if top_p < 1.0:
                warpers.append(TopPLogitsWarper(top_p))
            scores = warpers(torch.zeros((1, 1), dtype=torch.long), row[None].clone())
            probabilities = torch.softmax(scores[0].double(), -1)
            cases.append({
                "logits": row.tolist(), "temperature": temperature, "topK": top_k, "topP": top_p, "probabilities": probabilities.tolist()})
    path = pathlib.Path(__file__).resolve().parent / "sampling.json"
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
    print(len(cases), "cases")


main()
