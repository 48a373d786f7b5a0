// Catches a fault of the page's own code in one view, so that the rest stays usable.
import { Component, type ReactNode } from 'react';
import { unreachable } from '../api/client';
import { is_missing_code } from '../state/code';
import { Failure } from './notice';

export class ErrorEdge extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    const code = is_missing_code(error);
    return (
      <div className="page-body">
        <Failure
          error={code ? unreachable() : error}
          onRetry={() => (code ? location.reload() : this.setState({ error: undefined }))}
        />
      </div>
    );
  }
}
