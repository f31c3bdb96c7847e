#!/usr/bin/env node
// Stands here so that it can be linked before anything is built.
import '../dist/bin.js';
