/**
 * Nodes of different clusters never hear each other.
 */
import { introduce, type TransportTests } from './world.ts';

export function clusterTests({ test }: TransportTests): void {
  test('a node of another cluster is refused, in both directions', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    const stranger = await world.started('c', 'another');
    introduce([a, b, stranger]);
    await world.neverReaches(stranger, a);
    await world.neverReaches(a, stranger);
    await world.reaches(a, b);
    await world.reaches(b, a);
  });

  test('it is refused under the name of a member too, and does not displace that one', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    const impostor = await world.started('b', 'another');
    impostor.transport.setPeers([a.member]);
    await world.neverReaches(impostor, a);
    await world.reaches(a, b);
    await world.reaches(b, a);
  });
}
