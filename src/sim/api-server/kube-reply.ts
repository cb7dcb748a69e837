import type { HttpReply } from '../../model/http.ts';

/** A JSON answer. */
export function kubeJson(value: unknown, status = 200): HttpReply {
  return { status, body: `${JSON.stringify(value)}\n` };
}

/** An error as the Kubernetes API writes it; `reason` as in upstream's metav1.StatusReason. */
export function kubeError(code: number, reason: string, message: string): HttpReply {
  return kubeJson({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code }, code);
}

export function notFound(resource: string, name: string): HttpReply {
  return kubeError(404, 'NotFound', `${resource} "${name}" not found`);
}
