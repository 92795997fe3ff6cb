// All connection tables that may get another size: that of the programs on the links, and those of the builds beside them that are loaded.
import { isTableMoving } from '../table/is-table-moving.js';
import { type Moving, mainTable } from './main-table.js';
import { isLoaded, SIDE_BUILDS } from './side-builds.js';
import { sideTable } from './side-table.js';
import { finishMove, type MovableTable, type Moved } from './table-move.js';

export const movableTables = (moving: Moving): readonly MovableTable[] => [
  mainTable(moving),
  ...SIDE_BUILDS.filter((build) => isLoaded(build, moving.folder)).map((build) =>
    sideTable(build, moving.tables, moving.interfaces.onNotice),
  ),
];

/** Completes what a killed command had begun: one move, if any. The caller holds the lock. @throws as finishMove */
export function finishMoves(moving: Moving): readonly Moved[] {
  const { folder, interfaces } = moving;
  // Another build may have begun it: programs of this one are entered.
  if (isTableMoving(folder)) interfaces.lookAtSourceRules();
  return movableTables(moving).flatMap((table) => finishMove(folder, table) ?? []);
}
