// The pin that names the build whose programs run, by all objects that they come from. It is there only while all of them are of one build: who
// puts in a program of another one removes it first, and the next exchange, by any build, does all of it again.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type ArtifactName, artifact } from '../../../sys/artifact.js';
import { fileStamp } from '../../../sys/files/file-stamp.js';
import { digestOf } from './digest.js';

export const BUILD_PIN = 'build_';
const DIGITS = 32;

/** Of the builds beside that of the links (side-builds.ts). They count before they are loaded, too: the first service loads what is installed then. */
export const SIDE_OBJECTS = [
  'weir-ipv6.bpf.o',
  'weir-xdp-ipv6.bpf.o',
  'weir-wide.bpf.o',
  'weir-wide6.bpf.o',
  'weir-sctp.bpf.o',
  'weir-sctp6.bpf.o',
  'weir-wide-sctp.bpf.o',
  'weir-wide-sctp6.bpf.o',
  'weir-tunnel.bpf.o',
  'weir-tunnel6.bpf.o',
  'weir-fullnat.bpf.o',
  'weir-fullnat6.bpf.o',
  'weir-fullnat-sctp.bpf.o',
  'weir-fullnat-sctp6.bpf.o',
  'weir-switch.bpf.o',
  'weir-switch6.bpf.o',
] as const satisfies readonly ArtifactName[];
export type SideObject = (typeof SIDE_OBJECTS)[number];

/** `file`: the object of the programs on the links. `fileOf`: where the others are. */
export function buildPin(file: string = artifact('weir.bpf.o'), fileOf: (name: SideObject) => string = artifact): string {
  const objects = [file, ...SIDE_OBJECTS.map((name) => fileOf(name))].map((path) => readFileSync(path));
  return `${BUILD_PIN}${digestOf(objects).slice(0, DIGITS)}`;
}

/** `buildPin` for a process that asks again and again: reading the objects takes longer than looking whether they were replaced. */
export function keptBuildPin(): () => string {
  let last: { readonly pin: string; readonly stamp: string } | undefined;
  return () => {
    const stamp = (['weir.bpf.o', ...SIDE_OBJECTS] as const).map((name) => fileStamp(artifact(name))).join();
    if (last?.stamp !== stamp) last = { pin: buildPin(), stamp };
    return last.pin;
  };
}

/** Do all programs that run come from this build? */
export const isThisBuild = (folder: string): boolean => existsSync(`${folder}/${buildPin()}`);

/** `but`: a name that may stay. */
function removeBuildPins(folder: string, but?: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith(BUILD_PIN) && name !== but) rmSync(`${folder}/${name}`);
}

/** Before programs of any build take the place of those that run. */
export const forgetBuild = (folder: string): void => removeBuildPins(folder);

/** Before programs of this build come beside those that run: unless these are of this build, too, it has no name any more. */
export const forgetOtherBuild = (folder: string, file?: string): void => removeBuildPins(folder, buildPin(file));
