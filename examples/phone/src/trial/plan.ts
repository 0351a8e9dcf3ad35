// What the phones of a trial are to do: who inspects what, with which answers, photos and clocks. All of it comes from
// the seed, ids apart: those are made as each phone's own clock would have made them.

import { claimed, clockOffBy, newId } from '../clock.js';
import type { Declared, InspectionBody, ItemAnswer } from '../wire.js';
import { type Chance, chance } from './chance.js';

/** How a phone brings photos to the server. */
export const CARRIERS = ['tus', 'tus at creation', 'tus in pieces', 'tus without PATCH', 'chunks', 'whole'] as const;
export type CarrierName = (typeof CARRIERS)[number];

/** A photo to be taken. */
export interface Shot {
  photo_id: string;
  item_id: string;
  purpose: Declared['purpose'];
  length: number;
}

/** An inspection to be made. */
export interface Sheet {
  id: string;
  /** The record; its photos are declared when they have been taken. */
  record: InspectionBody;
  shots: Shot[];
  /** The photos go their way before the record is written. */
  photosFirst: boolean;
  /** The note of a failing item as it is corrected afterwards. */
  correction: string | undefined;
}

/** What a phone is, and has to do. */
export interface Orders {
  base: string;
  username: string;
  password: string;
  seed: string;
  carrier: CarrierName;
  batch: boolean;
  /** Milliseconds by which its clock is wrong. */
  clockOff: number;
  sheets: Sheet[];
}

/** What there is to be inspected. */
export interface District {
  campaignId: string;
  checklistId: string;
  items: { id: string; code: string; kinds: string[]; photo_rule: string; severity: string }[];
  facilities: { id: string; kind: string; contact_name: string | null; operator_name: string }[];
}

const YEAR = 365.25 * 24 * 3_600_000;
/** Years by which the phones' clocks are wrong; the first ones fell back to their factory's date. */
const WRONG = [-26, 0, 3, -7, 40, 0, -1, 12];

/** The clock of the phone `n`. */
export function clockOff(n: number): number {
  return WRONG[n % WRONG.length]! * YEAR;
}

/** Photos of an inspection. */
export const PHOTOS = 2;

/** Makes `count` sheets for a phone. */
export function sheets(district: District, seed: string, off: number, count: number): Sheet[] {
  const random = chance(`${seed} sheets`);
  const two = (kind: string) => demanded(district, kind).length === PHOTOS;
  const facilities = district.facilities.filter((facility) => two(facility.kind));
  return Array.from({ length: count }, () => sheet(district, random, off, random.pick(facilities)));
}

function demanded(district: District, kind: string): District['items'] {
  return district.items.filter((item) => item.kinds.includes(kind) && item.photo_rule === 'always');
}

function sheet(district: District, random: Chance, off: number, facility: District['facilities'][number]): Sheet {
  // A phone's clock does not stand still, and some are set right in the middle of a visit.
  const clock = clockOffBy(off + random.below(3_600_000));
  const always = demanded(district, facility.kind);
  const failing = random.below(4) === 0 ? random.pick(always.filter((item) => item.severity !== 'major')) : undefined;
  const answers = district.items.filter((item) => item.kinds.includes(facility.kind)).map((item): ItemAnswer => {
    const fails = item.id === failing?.id;
    return fails ? { item_id: item.id, outcome: 'fail', note: '现场不符合要求（演示）' } : { item_id: item.id, outcome: 'pass' };
  });
  const shots = always.map((item) => ({
    photo_id: newId(clock),
    item_id: item.id,
    purpose: item.id === failing?.id ? ('problem' as const) : ('scene' as const),
    length: 20_000 + Math.floor(380_000 * random.fraction() ** 2),
  }));
  const signer = facility.contact_name ?? '示例负责人';
  const record: InspectionBody = {
    facility_id: facility.id,
    checklist_id: district.checklistId,
    visit: {
      id: newId(clock),
      kind: 'supervision',
      started_at: claimed(clock),
      participants: [{ name: '示例检查员', organisation: '示例区民政局', part: 'lead' }],
      signature: { state: 'signed', signed_by: signer },
    },
    answers,
    photos: [],
  };
  if (random.below(5) > 0) record.campaign_id = district.campaignId;
  return {
    id: newId(clock),
    record,
    shots,
    photosFirst: random.below(3) === 0,
    correction: failing === undefined ? undefined : '现场不符合要求，更正说明（演示）',
  };
}
