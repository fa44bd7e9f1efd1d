# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""Weights of starpint in Python: safetensors files (docs/networks.md) from and to numpy arrays."""
import json
import os
import struct

import numpy

DTYPES = {'F32': '<f4', 'F64': '<f8', 'C64': '<c8'}


def read(path):
    """the tensors of a file and its metadata: {name: array}, {key: text}"""
    with open(path, 'rb') as file:
        header = json.loads(file.read(struct.unpack('<Q', file.read(8))[0]))
        data = file.read()
    metadata = header.pop('__metadata__', {})
    tensors = {}
    for name, entry in header.items():
        if entry['dtype'] not in DTYPES:
            raise ValueError(f"{path}: tensor '{name}': dtype {entry['dtype']}, expected F32 or F64")
        begin, end = entry['data_offsets']
        tensors[name] = numpy.frombuffer(data[begin:end], DTYPES[entry['dtype']]).reshape(entry['shape'])
    return tensors, metadata


def write(path, tensors, metadata=None):
    """Writes {name: array}; complex arrays get a last axis of 2."""
    header, data, at = {}, [], 0
    if metadata:
        header['__metadata__'] = {key: str(value) for key, value in metadata.items()}
    for name, array in tensors.items():
        array = numpy.asarray(array)
        if numpy.iscomplexobj(array):
            array = numpy.stack([array.real, array.imag], axis=-1)
        wide = array.dtype == numpy.float64
        # tobytes: row-major, whatever the strides
        data.append(array.astype('<f8' if wide else '<f4').tobytes())
        header[name] = {'dtype': 'F64' if wide else 'F32', 'shape': list(array.shape),
                        'data_offsets': [at, at + len(data[-1])]}
        at += len(data[-1])
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path + '.tmp', 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + b''.join(data))
    os.replace(path + '.tmp', path)
