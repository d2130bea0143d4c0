// Viewer-request function of the CDN: what may be asked for, and the switch that stops a model.
// CloudFront Functions runtime 2.0 (ECMAScript 5.1 and parts of 6 to 12); no network, no clock.
// CONFIG is written in by the program, so a change of it is a change in the plan.
const CONFIG = { halted: [] };

const METADATA = /^\/metadata\/([0-9]{1,10}\.)?[a-z0-9][a-z0-9-]{0,63}\.json$/;
const RELEASE = /^\/targets\/rings\/[a-z0-9-]{1,32}\/[0-9a-f]{64}\.[A-Za-z0-9._-]{1,128}$/;
const TARGET = /^\/targets\/[0-9a-f]{64}\.[A-Za-z0-9._-]{1,128}$/;

function refuse(status, description) {
  return {
    statusCode: status,
    statusDescription: description,
    headers: { 'cache-control': { value: 'no-store' } },
  };
}

function handler(event) {
  const request = event.request;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return refuse(405, 'Method Not Allowed');
  }
  const target = TARGET.test(request.uri);
  if (!target && !METADATA.test(request.uri) && !RELEASE.test(request.uri)) {
    return refuse(404, 'Not Found');
  }
  // The name of a patch holds the digest of the model that it leads to.
  if (target && CONFIG.halted.some((digest) => request.uri.indexOf(digest) >= 0)) {
    // Release metadata stays open: it is what tells devices to stop.
    return refuse(503, 'Service Unavailable');
  }
  // Nothing of a device goes to the origin or into a cache key.
  request.querystring = {};
  request.cookies = {};
  return request;
}
