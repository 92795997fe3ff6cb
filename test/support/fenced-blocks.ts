// A page in Markdown: what stands in its fenced blocks, those of lists too, and what stands beside them.

const FENCED = /^( *)```\w*\n([\s\S]*?)^\1```$/gm;

/** Of each block its lines, each with its end. */
export const fencedBlocks = (text: string): readonly string[] => [...text.matchAll(FENCED)].map(([, , block = '']) => block);

export const besideFencedBlocks = (text: string): string => text.replace(FENCED, '');
