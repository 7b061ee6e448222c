/** The paths on which client and server meet. */
export const DEVICE_API = '/api/device/v1';
export const ADMIN_API = '/api/admin/v1';
export const METADATA_BASE = '/tuf/metadata';
export const TARGETS_BASE = '/tuf/targets';
export const SIGNING_API = '/api/signing/v1';
/** Where the signing service serves the lists as they are signed: a mirror's metadata folder for any TUF client. */
export const SIGNING_METADATA_BASE = `${SIGNING_API}/repository/metadata`;
