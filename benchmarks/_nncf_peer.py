"""Quantises one ONNX file by NNCF; run by an interpreter that has it (it is not locked).

Usage: python _nncf_peer.py FP32.onnx CALIBRATION.npz FOLDER
"""

import sys
from pathlib import Path

import nncf
import numpy as np
import onnx
import onnx.version_converter


def main(source: str, rows: str, folder: str) -> None:
    """Write `nncf-int8.onnx` and, where NNCF can, `nncf-int4.onnx`."""
    with np.load(rows) as stored:
        values = {name: stored[name] for name in stored.files}
    count = len(next(iter(values.values())))
    samples = [{name: each[row : row + 1] for name, each in values.items()} for row in range(count)]
    made = nncf.quantize(onnx.load(source), nncf.Dataset(samples), subset_size=count)
    onnx.save(made, str(Path(folder) / "nncf-int8.onnx"))
    # ONNX has a four-bit type from operator set 21 on.
    wide = onnx.version_converter.convert_version(onnx.load(source), 21)
    mode = nncf.CompressWeightsMode.INT4_SYM
    small = nncf.compress_weights(wide, mode=mode, ratio=1.0, group_size=-1)
    onnx.save(small, str(Path(folder) / "nncf-int4.onnx"))


if __name__ == "__main__":
    main(*sys.argv[1:])
