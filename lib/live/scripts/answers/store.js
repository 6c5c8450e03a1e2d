// The numbers that a page carries, each tensor once, whatever figures need it.

import { decode } from "../tensor/constants.js";
import { bytesOf } from "./bytes.js";

const packed = {}; // hash -> {bytes, dtype, shape, stored}
const decoded = {}; // hash -> tensor

/** Add constants, as page.py packs them, by their hashes. */
export function store(constants) {
  Object.assign(packed, constants);
}

/** The tensor with this hash, decoded when it is first asked for. */
export function constant(hash) {
  if (!(hash in decoded)) {
    const { bytes, dtype, shape, stored: kind } = packed[hash];
    decoded[hash] = decode(bytesOf(bytes), dtype, shape, kind);
    delete packed[hash];
  }
  return decoded[hash];
}
