"""Sends one image of a digit to an edge server: python ask.py http://127.0.0.1:8080."""

import json
import sys
import urllib.request

url = f"{sys.argv[1]}/v2/models/digits"
with urllib.request.urlopen(url) as response:
    [tensor] = json.load(response)["inputs"]
shape = [1, *tensor["shape"][1:]]
count = 1
for size in shape:
    count *= size
inputs = [{"name": tensor["name"], "datatype": "FP32", "shape": shape, "data": [0.0] * count}]
request = urllib.request.Request(
    f"{url}/infer", json.dumps({"inputs": inputs}).encode(), {"Content-Type": "application/json"}
)
with urllib.request.urlopen(request) as response:
    answer = json.load(response)
for output in answer["outputs"]:
    print(f"digits {answer['model_version']}: {output['name']} {output['shape']}", output["data"])
