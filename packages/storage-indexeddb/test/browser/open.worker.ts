/** Opens a storage in a worker, and leaves it open. */
import { openStorage } from './records.ts';

addEventListener('message', ({ data }: MessageEvent<string>) => {
  void openStorage(data).then(({ outcome }) => {
    postMessage(outcome);
  });
});
