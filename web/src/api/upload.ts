// A file on its way to a storage. XMLHttpRequest, because fetch cannot tell how far it is.
import { ApiError, segment } from './client';
import { session } from './session';

export interface UploadJob {
  done: Promise<string>;
  cancel: () => void;
}

interface Target {
  node: string;
  storage: string;
  content: string;
  // Of the whole file; the node refuses a file with another one.
  sha256?: string | undefined;
}

export function upload(target: Target, file: File, onProgress: (sent: number) => void): UploadJob {
  const request = new XMLHttpRequest();
  const form = new FormData();
  form.append('content', target.content);
  if (target.sha256) {
    form.append('checksum-algorithm', 'sha256');
    form.append('checksum', target.sha256);
  }
  // The file goes last: servers read everything after it as file data.
  form.append('filename', file, file.name);
  const done = new Promise<string>((resolve, reject) => {
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    request.onerror = () =>
      reject(
        new ApiError(0, '', { code: 'page.upload_cut', message: 'The upload was interrupted.' }),
      );
    request.onload = () => {
      let body: { data?: string; message?: string } = {};
      try {
        body = JSON.parse(request.responseText) as typeof body;
      } catch {
        // The status line says enough.
      }
      if (request.status === 200 && body.data) resolve(body.data);
      else reject(new ApiError(request.status, request.statusText, body));
    };
  });
  const { node, storage } = target;
  request.open('POST', `/api2/json/nodes/${segment(node)}/storage/${segment(storage)}/upload`);
  request.setRequestHeader('CSRFPreventionToken', session.get().csrf);
  request.send(form);
  return { done, cancel: () => request.abort() };
}
