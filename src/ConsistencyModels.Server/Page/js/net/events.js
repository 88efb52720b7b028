// Server-sent events of an answer to POST: EventSource can only GET.
import { parse } from './json.js';

/** The events of a body, each as { event, data }, as they come. */
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let [rest, ended] = ['', false];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      ended = done;
      if (done) return;
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop();
      for (const block of blocks) {
        const fields = new Map(block.split('\n').map(line => line.split(/: ?(.*)/s, 2)));
        if (fields.has('event')) yield { event: fields.get('event'), data: parse(fields.get('data')) };
      }
    }
  } finally {
    // Who turns away early lets the server know.
    if (!ended) reader.cancel().catch(() => {});
  }
}
