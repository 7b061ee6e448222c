/** The paths on which client and server meet. */
export const DEVICE_API = '/api/device/v1';
export const ADMIN_API = '/api/admin/v1';
export const METADATA_BASE = '/tuf/metadata';
export const TARGETS_BASE = '/tuf/targets';
