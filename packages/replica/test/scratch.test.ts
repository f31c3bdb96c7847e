import { expect, test } from 'vitest';
import { SessionTable } from '../src/sessions/table.ts';
import { readTable, writeTable } from '../src/sessions/snapshot.ts';
import { ChunkReader } from '../src/chunk-reader.ts';
import * as limits from '../src/sessions/limits.ts';
function rng(seed: number) { let s = seed >>> 0; return () => { s = (s + 0x6d2b79f5) >>> 0; let t = Math.imul(s ^ (s >>> 15), 1 | s); t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 4294967296; }; }
async function copy(t: SessionTable) { const chunks = [...writeTable(t.freeze())].map((c) => c.slice()); const o = new SessionTable(); o.restore(await readTable(new ChunkReader((async function* () { yield* chunks; })()))); return o; }
function bytes(t: SessionTable) { return Buffer.concat([...writeTable(t.freeze())].map((c) => Buffer.from(c))).toString('hex'); }
test('fuzz', async () => {
  for (let seed = 1; seed < 300; seed++) {
    const r = rng(seed), n = (k: number) => Math.floor(r() * k);
    let live = new SessionTable(), other = new SessionTable(); let time = 0;
    // naive
    const naive = new Map<number, { t: number; active: number; answered: number; last: number; replies: Map<number, number> }>(); let lastId = 0;
    for (let step = 0; step < 200; step++) {
      time += [0, 0, 1, 50, 200, 5000][n(6)]!;
      const k = n(20);
      if (k < 3) { const t = [0, 100, 150, 1000, 2 ** 31][n(5)]!; const a = live.open(t, time), b = other.open(t, time); lastId++; expect(a).toBe(lastId); expect(b).toBe(a); naive.set(a, { t: Math.min(Math.max(t, 100), 86400000), active: time, answered: 0, last: 0, replies: new Map() }); }
      else if (k < 14) {
        const id = 1 + n(lastId + 1); const s = naive.get(id); const sequence = Math.max(0, (s?.last ?? 0) + [-2, -1, 0, 1, 1, 1, 1, 2][n(8)]!); const answered = Math.max(0, (s?.last ?? 0) - n(4) + n(2));
        const A = live.admit({ session: id, sequence, answered }, time), B = other.admit({ session: id, sequence, answered }, time);
        expect(A.type).toBe(B.type);
        if (!s) { expect(A.type).toBe('refused'); if (A.type === 'refused') expect(A.error.code).toBe('SESSION_EXPIRED'); continue; }
        s.active = time; s.answered = Math.max(s.answered, Math.min(answered, s.last));
        if (sequence === s.last + 1) { expect(A.type).toBe('next'); const reply = new Uint8Array(1 + n(40)).fill(n(256)); if (A.type === 'next') live.settle(A.session, reply); if (B.type === 'next') other.settle(B.session, reply); s.last++; s.replies.set(sequence, reply[0]!); }
        else if (sequence > s.last) { if (A.type === 'refused') expect(A.error.code).toBe('OUT_OF_ORDER'); else throw new Error('x'); }
        else if (sequence > s.answered) { expect(A.type).toBe('again'); if (A.type === 'again') expect(A.reply.bytes[0]).toBe(s.replies.get(sequence)); if (B.type === 'again') expect(B.reply.bytes[0]).toBe(s.replies.get(sequence)); }
        else { if (A.type === 'refused') expect(A.error.code).toBe('OUTCOME_UNKNOWN'); else throw new Error('y'); }
      } else if (k < 15) { const id = 1 + n(lastId + 1); expect(live.close(id)).toBe(naive.delete(id)); other.close(id); }
      else if (k < 17) { live.expire(time); other.expire(time); for (const [id, s] of naive) if (s.active + s.t <= time) naive.delete(id); }
      else if (k < 18) { live.renew(time); other.renew(time); for (const s of naive.values()) s.active = time; }
      else other = await copy(n(2) ? live : other);
      expect(live.size).toBe(naive.size); expect(bytes(live)).toBe(bytes(other)); expect(live.bytes).toBe(other.bytes);
      const exp = [...naive.values()].map((s) => s.active + s.t); const min = exp.length ? Math.min(...exp) : undefined;
      const ne = live.nextExpiry(time); if (min === undefined) expect(ne).toBeUndefined(); else if (min <= time) expect(ne).toBe(min); else { expect(ne).toBeGreaterThan(time); expect(ne).toBeLessThanOrEqual(min); }
    }
  }
}, 300000);
test('large reply round trip', async () => {
  const t = new SessionTable(); const id = t.open(1000, 0);
  for (const mib of [15, 17, 31, 33, 48]) {
    const u = new SessionTable(); const id = u.open(1000, 0);
    const a = u.admit({ session: id, sequence: 1, answered: 0 }, 0); if (a.type === 'next') u.settle(a.session, new Uint8Array(mib * 1024 * 1024));
    try { const o = await copy(u); console.log(mib, o.bytes === u.bytes); } catch (e) { console.log(mib, String(e)); }
  }
});
test('kept memory', () => {
  const u = new SessionTable(); const id = u.open(1000, 0); (globalThis as any).gc?.();
  const before = process.memoryUsage().heapUsed; const slab = new Uint8Array(1 << 20);
  for (let i = 1; i <= 1_000_000; i++) { const a = u.admit({ session: id, sequence: i, answered: i - 1 }, 0); if (a.type === 'next') u.settle(a.session, slab.subarray(i % 1000, (i % 1000) + 3)); }
  (globalThis as any).gc?.(); console.log('heap MB', (process.memoryUsage().heapUsed - before) / 1e6);
});
