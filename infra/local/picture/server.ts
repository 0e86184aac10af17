/** Shows the picture to a browser on this machine. */
import {
  startLoopbackServer,
  type LoopbackServer,
} from "../loopback-server.ts";
import type { Reading } from "../reading.ts";
import { picture } from "./picture.ts";

interface PictureServerOptions {
  readonly title: string;
  /** What `/before` shows. */
  readonly before: Reading;
  /** What any other path shows, read anew for each request. */
  readonly read: () => Promise<Reading>;
}

/** Serves two pictures on any free port of 127.0.0.1: the account as it is, and as it was. */
export async function startPictureServer({
  title,
  before,
  read,
}: PictureServerOptions): Promise<LoopbackServer> {
  return startLoopbackServer(0, (request, response) => {
    const past = request.url === "/before";
    response.setHeader("cache-control", "no-store");
    (past ? Promise.resolve(before) : read())
      .then((reading) => {
        response.setHeader("content-type", "text/html; charset=utf-8");
        response.end(
          picture(past ? `${title}, before the sweep` : title, reading),
        );
      })
      .catch((error: unknown) => {
        response.statusCode = 502;
        response.setHeader("content-type", "text/plain; charset=utf-8");
        response.end(
          `The account could not be read, nothing was changed: ${error instanceof Error ? error.message : "unknown"}\nReload the page to try again.\n`,
        );
      });
  });
}
