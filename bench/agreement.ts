// Whether the textbook balancer does the same work as weir: same verdict, same frame, byte by byte, for a case's packets.
import type { Program } from '../src/sys/bpf/bpf-objects.js';
import { type FlowFrame, FRAME_LENGTH, template } from './frames.js';
import { flowsOf, type ProgramCase } from './program-cases.js';
import { xdpFrom } from './wrap.js';

const COMPARED_MAX = 16;

/** The frame of one flow of a case, as the wrapper makes it. */
export const frameOf = (test: ProgramCase, frame: FlowFrame, flow: number): Uint8Array => {
  const { address, port, portBits } = flowsOf(test, frame, 'counted', 0);
  const [host, socket] = [address + Math.floor(flow / 2 ** portBits), port + (flow % 2 ** portBits)];
  const varied = frame.varies === 'source' ? { source: host, sourcePort: socket } : { target: host, targetPort: socket };
  return template({ ...frame, ...varied }).bytes;
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** One packet through a program: its verdict and the frame afterwards. */
const outcome = (program: Program, data: Uint8Array, ifindex: number): string => {
  const { retval, data: out } = program.test({ data, ctx: xdpFrom(FRAME_LENGTH, ifindex) });
  return `verdict ${retval}, frame ${hex(out)}`;
};

/** Flows spread evenly over those of the case. */
const compared = (flowBits: number): readonly number[] => {
  const count = Math.min(COMPARED_MAX, 2 ** flowBits);
  return Array.from({ length: count }, (_, index) => (index * 2 ** flowBits) / count);
};

/**
 * Sends the same packets through both programs. Both must have had the same packets so far, so that round robin stands alike.
 * @throws Error with both outcomes of the first packet that was treated differently
 */
export const assertAgreement = (test: ProgramCase, weir: Program, textbook: Program, ifindex: number): void => {
  for (const flow of compared(test.flowBits)) {
    const data = frameOf(test, test.frame, flow);
    const [ours, reference] = [outcome(weir, data, ifindex), outcome(textbook, data, ifindex)];
    if (ours !== reference)
      throw new Error(
        `${test.name}, flow ${flow}: the textbook balancer does not do weir's work\n  weir      ${ours}\n  textbook  ${reference}`,
      );
  }
};
