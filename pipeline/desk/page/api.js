// Questions to the desk's own API, on the session that the Airflow UI has.

const API = new URL("api/", new URL(".", location.href.split("#")[0]));

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  if (response.status === 401) throw new Error("Your session has ended: log in to Airflow again.");
  if (response.status === 403) throw new Error("You may read here, not judge: that takes the permission to edit assets (Op).");
  throw new Error(body.detail ?? `The desk answered ${response.status}.`);
}

export async function ask(path, parameters, signal) {
  const url = new URL(path, API);
  for (const [name, value] of Object.entries(parameters ?? {})) {
    if (value !== "" && value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  return answer(await fetch(url, { credentials: "same-origin", signal }));
}

export async function say(path, body) {
  return answer(await fetch(new URL(path, API), {
    method: "POST", credentials: "same-origin", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-Wirefold-Desk": "1" },
  }));
}
