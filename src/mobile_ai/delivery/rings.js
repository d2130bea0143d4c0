// Cohorts as in rings.py: the same vectors hold for both (tests/delivery/vectors/cohorts.json).
// Runs under Node and in the runtime of CloudFront Functions; 32-bit arithmetic only.
const crypto = require('crypto');

const COHORTS = 1000000;

function point(text) {
  const hex = crypto.createHash('sha256').update(text, 'utf8').digest('hex');
  return [parseInt(hex.slice(0, 8), 16), parseInt(hex.slice(8, 16), 16)];
}

function mix(value) {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}

function cohort(point, key) {
  const folded = Math.imul(point[0] ^ key[0], 0x9e3779b1) ^ point[1] ^ key[1];
  return Math.floor(((mix(folded) >>> 0) * COHORTS) / 4294967296); // below 2^53, so exact
}

function millionths(percent) {
  return Math.floor(percent * 10000 + 0.5);
}

if (typeof module !== 'undefined') {
  module.exports = { COHORTS, cohort, millionths, point };
}
