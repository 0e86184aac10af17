// What transport.ts takes of undici, file by file; these paths are no public interface and have no types of their own.
declare module "undici/lib/dispatcher/pool.js" {
  import { Pool } from "undici";
  export default Pool;
}
declare module "undici/lib/api/api-request.js" {
  import type { Dispatcher } from "undici";
  const request: Dispatcher["request"];
  export default request;
}
declare module "undici/lib/core/errors.js" {
  import { errors } from "undici";
  export default errors;
}
