/**
 * What stands in the place of a lease where there is none, in commands, versions and bytes.
 */
export const noLease = 0;
