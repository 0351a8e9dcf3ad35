// What goes over the wire, by its names in the specification. `api.d.ts` is generated from `openapi/openapi.json` by
// `npm run types` and is not kept: the specification is the only source.

import type { components } from './api.js';

type Schemas = components['schemas'];

/** An inspection as the phone sends it. */
export type InspectionBody = Schemas['InspectionBody'];
/** An answer to an item of the check list. */
export type ItemAnswer = Schemas['Answer'];
/** The receipt of an inspection: a stable part, and how its evidence stands now. */
export type Receipt = Schemas['Receipt'];
/** The receipt of a photo: the server has its bytes, durably. */
export type PhotoReceipt = Schemas['PhotoView'];
/** A photo as a record declares it. */
export type Declared = Schemas['Declared'];
/** An access token, and the refresh token for the next pair. */
export type Tokens = Schemas['Tokens'];

/** Problem details (RFC 9457): `code` is stable and for programs, `detail` is Chinese and for people. */
export interface Problem {
  status: number;
  code: string;
  detail: string;
  errors?: { pointer: string; code: string; detail: string }[];
}
